import assert from "node:assert/strict";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { connectionRefused, ModelCoder } from "../testing/model_coder.ts";
import { BuildLogs, type BuildLogsOptions, type LogSource, TooManyLogsError } from "./build_logs.ts";
import type { BuildLogReader } from "./types.ts";

const never = new AbortController().signal;

function rig(options: Partial<BuildLogsOptions> = {}) {
  const clock = new FakeClock();
  const coder = new ModelCoder(clock);
  const id = coder.logs.begin(coder.add("dev"));
  const logs = new BuildLogs({ clock, open: () => coder.open(), timeoutMs: 1_000, ...options });
  const source: LogSource = { kind: "build", id };
  /** Reads what is new, and lets the time pass that it takes. */
  async function refresh(reader: BuildLogReader, ms = 1_000): Promise<void> {
    const refreshed = reader.refresh(never);
    refreshed.catch(() => {});
    await clock.advance(ms);
    await refreshed;
  }
  return {
    clock,
    coder,
    id,
    logs,
    source,
    refresh,
    write: (output: string) => coder.logs.write(id, "Planning", output),
    asked: () => [coder.count("build"), coder.count("log")],
  };
}

const outputs = ({ lines }: BuildLogReader) => lines.map(({ output }) => output);

Deno.test("a log is read as it grows, and only what is new of it", async () => {
  const { logs, source, write, refresh, coder, id, asked } = rig();
  write("one");
  const reader = logs.of(source);
  assert.deepEqual(outputs(reader), []);
  await refresh(reader);
  assert.deepEqual(outputs(reader), ["one"]);
  write("two");
  await refresh(reader);
  assert.deepEqual([outputs(reader), reader.isOver], [["one", "two"], false]);
  // The state was asked for at the beginning alone, as lines came ever since.
  assert.deepEqual(asked(), [1, 2]);
  coder.logs.end(id);
  await refresh(reader);
  assert.deepEqual([outputs(reader), reader.isOver], [["one", "two"], true]);
});

Deno.test("a log of a build that is over is read once, for all who come later", async () => {
  const { logs, source, write, refresh, coder, id, asked } = rig();
  write("one");
  coder.logs.end(id, "failed");
  await refresh(logs.of(source));
  assert.deepEqual(asked(), [1, 1]);
  for (let index = 0; index < 100; index++) {
    const reader = logs.of(source);
    assert.deepEqual([outputs(reader), reader.isOver], [["one"], true]);
    await reader.refresh(never);
  }
  assert.deepEqual(asked(), [1, 1]);
});

Deno.test("a hundred readers of one build cost no more than one", async () => {
  const { logs, source, write, clock, asked } = rig();
  const readers = Array.from({ length: 100 }, () => logs.of(source));
  for (let second = 0; second < 10; second++) {
    write(`line ${second}`);
    const all = readers.map((reader) => reader.refresh(never));
    await clock.advance(1_000);
    await Promise.all(all);
  }
  assert.deepEqual(asked(), [1, 10]);
  for (const reader of readers) assert.equal(reader.lines.length, 10);
});

Deno.test("what is written between the last look and the end of the build is not lost", async () => {
  const { logs, source, write, refresh, coder, id } = rig();
  write("one");
  const reader = logs.of(source);
  await refresh(reader);
  // The log is found empty of news; then the last line is written, and the build ends.
  coder.latencyMs = (request) => {
    if (request === "build") {
      write("last");
      coder.logs.end(id);
    }
    return 20;
  };
  await refresh(reader);
  assert.deepEqual([outputs(reader), reader.isOver], [["one", "last"], true]);
});

Deno.test("where the build is known to be over, its state is not asked for", async () => {
  const { logs, source, write, refresh, asked } = rig();
  write("one");
  const reader = logs.of({ ...source, isKnownOver: () => true });
  await refresh(reader);
  assert.deepEqual([reader.isOver, asked()], [true, [0, 1]]);
});

Deno.test("where it is known to be under way, its state is seldom asked for, and a mistake comes out", async () => {
  const { logs, source, write, refresh, coder, id, asked } = rig();
  write("one");
  const reader = logs.of({ ...source, isKnownOver: () => false });
  for (let second = 0; second < 10; second++) await refresh(reader);
  assert.deepEqual(asked(), [2, 10]);
  coder.logs.end(id, "canceled");
  for (let second = 0; second < 6 && !reader.isOver; second++) await refresh(reader);
  assert.equal(reader.isOver, true);
});

Deno.test("imports of versions are read in the same way", async () => {
  const { logs, refresh, coder } = rig();
  coder.logs.versions.set("v", "running");
  coder.logs.write("v", "Parsing", "");
  const reader = logs.of({ kind: "version", id: "v" });
  await refresh(reader);
  assert.deepEqual([reader.lines.length, reader.isOver], [1, false]);
  coder.logs.end("v");
  await refresh(reader);
  assert.equal(reader.isOver, true);
});

Deno.test("a failure is told to all who wait, and what was read stays", async () => {
  const { logs, source, write, refresh, coder } = rig();
  write("one");
  const reader = logs.of(source);
  await refresh(reader);
  coder.failure = () => connectionRefused();
  await assert.rejects(refresh(reader), /nobody listens/);
  assert.deepEqual([outputs(reader), reader.isOver], [["one"], false]);
  coder.failure = undefined;
  write("two");
  await refresh(reader);
  assert.deepEqual(outputs(reader), ["one", "two"]);
});

Deno.test("a build that is not there has no log; one that goes while it is read is over", async () => {
  const { logs, source, write, refresh, coder, id } = rig();
  await assert.rejects(refresh(logs.of({ kind: "build", id: "none" })), /answered 404/);
  write("one");
  const reader = logs.of(source);
  await refresh(reader);
  coder.logs.drop(id);
  await refresh(reader);
  assert.deepEqual([outputs(reader), reader.isOver], [["one"], true]);
});

Deno.test("who gives up waits no longer, and others are served all the same", async () => {
  const { logs, source, write, clock } = rig();
  write("one");
  const [impatient, patient] = [logs.of(source), logs.of(source)];
  const end = new AbortController();
  const first = impatient.refresh(end.signal);
  const second = patient.refresh(never);
  end.abort(new Error("enough"));
  await assert.rejects(first, /enough/);
  await clock.advance(1_000);
  await second;
  assert.deepEqual(outputs(patient), ["one"]);
});

Deno.test("too many logs at a time are refused before Coder hears of them", async () => {
  const { logs, coder, refresh, clock } = rig({ asks: { burst: 2, perMinute: 60 } });
  const readers = ["a", "b", "c"].map((name) =>
    logs.of({ kind: "build", id: coder.logs.begin(coder.add(name)) })
  );
  const all = Promise.allSettled(readers.map((reader) => reader.refresh(never)));
  await clock.advance(100);
  const reasons = (await all).map((one) => one.status === "rejected" ? one.reason : undefined);
  assert.ok(reasons[2] instanceof TooManyLogsError);
  assert.deepEqual(reasons.slice(0, 2), [undefined, undefined]);
  await clock.advance(2_000);
  await refresh(readers[2]!);
});

Deno.test("memory is bounded: what was not read for longest goes first, and its readers keep it", async () => {
  const { logs, coder, refresh } = rig({ capacity: 5_000, logCapacity: 2_000, asks: { burst: 1_000 } });
  const readers: BuildLogReader[] = [];
  for (let index = 0; index < 20; index++) {
    const id = coder.logs.begin(coder.add(`w${index}`));
    coder.logs.write(id, "Planning", "x".repeat(1_500));
    coder.logs.write(id, "Planning", "x".repeat(1_500));
    coder.logs.end(id);
    const reader = logs.of({ kind: "build", id });
    await refresh(reader);
    readers.push(reader);
    assert.ok(logs.size <= 5_000);
  }
  for (const reader of readers) assert.deepEqual([reader.lines.length, reader.isCut], [1, true]);
});

Deno.test("another reader of a log that is no longer kept reads it anew", async () => {
  const { logs, source, write, refresh, coder, id } = rig({ capacity: 100 });
  write("one");
  const before = logs.of(source);
  await refresh(before);
  assert.equal(logs.size, 0);
  write("two");
  const after = logs.of(source);
  await refresh(after);
  assert.equal(after.lines.length, 2);
  coder.logs.end(id);
  await refresh(before);
  await refresh(before);
  assert.deepEqual([before.lines.length, before.isOver], [2, true]);
});
