import assert from "node:assert/strict";
import { aTask, never } from "../wire/testing.ts";
import { TaskStopped } from "../wire/task_host.ts";
import { MockExecutor } from "./mock_executor.ts";

const run = (executor: MockExecutor, operation: string, signal = never) =>
  executor.execute(aTask({ operation, sessionId: "sess-1" }), () => {}, signal);

Deno.test("sessions are opened and closed, and are its load", async () => {
  const executor = new MockExecutor();
  assert.deepEqual(await run(executor, "session.open"), { ok: true, output: { isolation: "namespaces" } });
  executor.loadNow = { ...executor.loadNow, processes: 2 };
  assert.deepEqual([executor.load().sessions, executor.load().processes], [["sess-1"], 2]);
  assert.deepEqual(await run(executor, "session.close"), { ok: true, output: {} });
  assert.deepEqual(executor.load().sessions, []);
});

Deno.test("what it was not told to answer is invalid", async () => {
  const outcome = await run(new MockExecutor(), "fs.read");
  assert.ok(!outcome.ok && outcome.code === "invalid");
});

Deno.test("answers follow each other, and the last one stays", async () => {
  const failed = { ok: false, code: "failed", message: "first" } as const;
  const executor = new MockExecutor().answer("fs.read", failed, { ok: true, output: {} });
  const outcomes = [];
  for (let count = 0; count < 3; count++) outcomes.push((await run(executor, "fs.read")).ok);
  assert.deepEqual(outcomes, [false, true, true]);
});

Deno.test("held calls go before answers, in their order, and end with their signal", async () => {
  const executor = new MockExecutor().answer("fs.read", { ok: true, output: { answer: true } });
  const [first, second] = [executor.hold("fs.read"), executor.hold("fs.read")];
  const stop = new AbortController();
  const outcomes = [
    run(executor, "fs.read"),
    run(executor, "fs.read", stop.signal),
    run(executor, "fs.read"),
  ];
  (await first).release({ ok: true, output: { first: true } });
  await second;
  stop.abort(new TaskStopped("deadline", "late"));
  assert.deepEqual(await Promise.all(outcomes), [
    { ok: true, output: { first: true } },
    { ok: false, code: "deadline", message: "late" },
    { ok: true, output: { answer: true } },
  ]);
});

Deno.test("a call that is stopped already is not held", async () => {
  const executor = new MockExecutor();
  void executor.hold("fs.read");
  const outcome = await run(executor, "fs.read", AbortSignal.abort(new Error("enough")));
  assert.deepEqual(outcome, { ok: false, code: "canceled", message: "enough" });
});
