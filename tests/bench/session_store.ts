/** The shared store of sessions, on a real Redis over loopback; beside it the lower limit: one `PING` there and back. */
import { RedisSessionStore } from "../../src/sessions/store/redis/sessions.ts";
import { record } from "../../src/sessions/store/suite.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { connectionTo, PREFIX } from "../redis/rig.ts";
import { startRedis } from "../redis/server.ts";
import { percentile } from "./aggregated/figures.ts";
import type { ToldRows } from "./told_rows.ts";

/** Sessions that are there, of a tenth as many owners. */
const SESSIONS = 10_000;
const CALLS = 2_000;
const OWNER = "owner-1";
const MOST_MS = 5;

export async function storeFigures(rows: ToldRows): Promise<void> {
  await using redis = await startRedis();
  const connection = connectionTo(redis.access);
  const store = new RedisSessionStore({ connection, prefix: PREFIX, log: silentLogger });
  const { signal } = new AbortController();
  const memory = async () =>
    Number(/used_memory:(\d+)/.exec(String(await redis.command("INFO", "memory")))?.[1]);
  try {
    const before = await memory();
    const of = (index: number) =>
      record({ owner: `owner-${index % (SESSIONS / 10)}`, labels: { team: "a" } });
    await figure(rows, "made", SESSIONS, (index) => store.create(of(index), SESSIONS, signal));
    const bytes = (await memory() - before) / SESSIONS;
    rows.push({
      what: "shared store: memory of a session",
      measured: `${(bytes / 1_024).toFixed(1)} KiB`,
      value: bytes,
    });
    const own = await store.list({ owner: OWNER }, signal);
    const one = (index: number) => own[index % own.length]!;
    await figure(rows, "read", CALLS, (index) => store.get(one(index).id, signal));
    await figure(
      rows,
      "found by its name",
      CALLS,
      (index) => store.list({ owner: OWNER, name: one(index).name, states: ["creating", "ready"] }, signal),
    );
    await figure(rows, "of one owner listed", CALLS, () => store.list({ owner: OWNER }, signal));
    const later = Date.now() + 3_600_000;
    await figure(rows, "touched", CALLS, (index) => store.touch(one(index).id, later, later + index, signal));
    await figure(rows, "read and changed", CALLS, async (index) => {
      const kept = await store.get(one(index).id, signal);
      await store.update({ ...kept!, reason: String(index) }, signal);
    });
    await figure(
      rows,
      "of all overdue ones the first hundred",
      CALLS,
      () => store.expired(Date.now(), 100, signal),
    );
    const wire = await redis.connect();
    const pings = await times(CALLS, () => wire.call(["PING"]));
    wire.end("done");
    rows.push({
      what: "shared store: PING, p50",
      measured: text(percentile(pings, 0.5)),
      value: percentile(pings, 0.5),
    });
  } finally {
    await store.close();
    await connection.close();
  }
}

async function figure(
  rows: ToldRows,
  what: string,
  count: number,
  run: (index: number) => Promise<unknown>,
): Promise<void> {
  const all = await times(count, run);
  const p50 = percentile(all, 0.5);
  const name = `shared store with ${SESSIONS.toLocaleString("en")} sessions: ${what}, p50`;
  rows.atMost(MOST_MS, { what: name, value: p50, text: text(p50), unit: " ms" });
}

async function times(count: number, run: (index: number) => Promise<unknown>): Promise<number[]> {
  const all: number[] = [];
  for (let index = 0; index < count; index++) {
    const since = performance.now();
    await run(index);
    all.push(performance.now() - since);
  }
  return all;
}

function text(ms: number): string {
  return `${ms.toFixed(2)} ms`;
}
