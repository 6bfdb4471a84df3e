import assert from "node:assert/strict";
import type { SessionOwner, Sessions, WorkerView } from "../../sessions/coordinator/types.ts";
import { SessionError, type SessionRecord, STANDARD_LIMITS } from "../../sessions/types.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { Board } from "../board.ts";
import { LiveCluster, visitorOf } from "../testing.ts";
import type { Section } from "../types.ts";
import {
  everybodysSessions,
  ownSessions,
  sessionRow,
  sessionsAsSeen,
  sharedLook,
  workerRow,
} from "./sessions.ts";
import type { Source } from "./source.ts";

const AT = Date.parse("2026-11-22T04:00:00Z");
const record = (name: string, more: Partial<SessionRecord> = {}): SessionRecord => ({
  id: `sess-${name}`,
  name,
  owner: "ann",
  ownerName: "ann",
  labels: {},
  metadata: { secret: "of the session" },
  limits: STANDARD_LIMITS,
  state: "ready",
  reason: "",
  workerId: "w1",
  incarnation: "i",
  sharedStorage: "",
  isolation: "full",
  createdAt: AT,
  lastUsedAt: AT,
  expiresAt: AT + 60_000,
  ttlMs: 60_000,
  version: 1,
  ...more,
});
const worker = (more: Partial<WorkerView> = {}): WorkerView => ({
  id: "w1",
  hello: {
    incarnation: "i",
    version: "1.2.3",
    labels: {},
    capabilities: [],
    isolation: "full",
    capacity: 8,
    sharedStorage: "",
  },
  load: { sessions: [], runningTasks: 1, processes: 4, memoryBytes: 5, freeDiskBytes: 6 },
  isConnected: true,
  isDraining: false,
  lastHeardAt: AT,
  sessions: 2,
  ...more,
});

async function running(source: Source) {
  const clock = new FakeClock();
  const abort = new AbortController();
  const board = new Board();
  const visitor = () => visitorOf("ann", new LiveCluster().cluster);
  const ended = source.run({ visitor, board, signal: abort.signal, clock, now: () => AT });
  await settle();
  return {
    board,
    clock,
    ids: (section: Section) => [...board.ids(section)],
    async end() {
      abort.abort();
      await ended;
      assert.equal(clock.pendingTimers, 0);
    },
  };
}

Deno.test("a session and a worker are rows, and nothing of what is in them", () => {
  const workspace = { workspace: "ann/dev" } as NonNullable<SessionRecord["workspace"]>;
  assert.deepEqual(sessionRow(record("a", { workspace })), {
    id: "sess-a",
    name: "a",
    owner: "ann",
    state: "ready",
    worker: "w1",
    workspace: "ann/dev",
    createdAt: "2026-11-22T04:00:00.000Z",
    lastUsedAt: "2026-11-22T04:00:00.000Z",
    expiresAt: "2026-11-22T04:01:00.000Z",
  });
  assert.deepEqual(workerRow(worker()), {
    id: "w1",
    state: "connected",
    isolation: "full",
    sessions: 2,
    capacity: 8,
    processes: 4,
    memoryBytes: 5,
    version: "1.2.3",
    heardAt: "2026-11-22T04:00:00.000Z",
  });
  assert.equal(workerRow(worker({ isDraining: true })).state, "draining");
  assert.equal(workerRow(worker({ isDraining: true, isConnected: false })).state, "away");
});

Deno.test("one's own sessions are asked for as their owner, and looked at every second", async () => {
  const owners: SessionOwner[] = [];
  let list = [record("a")];
  const sessions: Pick<Sessions, "list"> = {
    list: (owner) => (owners.push(owner), Promise.resolve(list)),
  };
  const { ids, board, clock, end } = await running(ownSessions(sessions));
  assert.deepEqual(ids("sessions"), ["sess-a"]);
  assert.deepEqual(owners, [{ id: "ann", name: "ann" }]);
  list = [record("b")];
  await clock.advance(1_000);
  assert.deepEqual(ids("sessions"), ["sess-b"]);
  assert.deepEqual([board.isComplete("sessions"), board.isComplete("workers")], [true, false]);
  await end();
});

Deno.test("everybody's sessions and the workers; a store that is away is told, and what was known stays", async () => {
  let failure: Error | undefined;
  const look = () =>
    failure === undefined
      ? Promise.resolve({ sessions: [record("a"), record("b", { ownerName: "bob" })], workers: [worker()] })
      : Promise.reject(failure);
  const { ids, board, clock, end } = await running(everybodysSessions(look));
  assert.deepEqual([ids("sessions"), ids("workers")], [["sess-a", "sess-b"], ["w1"]]);
  failure = new SessionError("unavailable", "the session store is away: try again");
  await clock.advance(1_000);
  for (const section of ["sessions", "workers"] as const) {
    assert.equal(board.problemOf(section), "list sessions and workers: the session store is away: try again");
    assert.notEqual(ids(section).length, 0);
  }
  failure = undefined;
  await clock.advance(1_000);
  assert.equal(board.problemOf("workers"), "");
  await end();
});

Deno.test("who may see everybody's sees them, and their own as soon as they may not", async () => {
  let may = true;
  const sessions: Pick<Sessions, "list"> = { list: () => Promise.resolve([record("mine")]) };
  const look = () => Promise.resolve({ sessions: [record("mine"), record("theirs")], workers: [] });
  const source = sessionsAsSeen(
    sessions,
    look,
    () => may ? Promise.resolve(true) : Promise.reject(new Error("no")),
  );
  const { ids, clock, end, board } = await running(source);
  assert.deepEqual(ids("sessions"), ["sess-mine", "sess-theirs"]);
  may = false;
  await clock.advance(62_000);
  assert.deepEqual(ids("sessions"), ["sess-mine"]);
  assert.equal(board.problemOf("sessions"), "");
  await end();
});

Deno.test("many administrators are one look; one that fails is not kept", async () => {
  const clock = new FakeClock();
  let looks = 0;
  let fails = false;
  const look = sharedLook({
    everybody: () => {
      looks++;
      return fails ? Promise.reject(new Error("away")) : Promise.resolve({ sessions: [], workers: [] });
    },
  }, clock);
  const { signal } = new AbortController();
  await Promise.all([look(signal), look(signal), look(signal)]);
  assert.equal(looks, 1);
  await clock.advance(500);
  fails = true;
  await assert.rejects(look(signal), /away/);
  await settle();
  fails = false;
  await look(signal);
  assert.equal(looks, 3);
  const left = new AbortController();
  left.abort(new Error("left"));
  await assert.rejects(look(left.signal), /left/);
});
