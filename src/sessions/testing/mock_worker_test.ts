import assert from "node:assert/strict";
import type { Task, WorkerConnection, WorkerListener } from "../link.ts";
import { WorkerLostError } from "../link.ts";
import { WorkerHub } from "../wire/hub.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { settle } from "../../telemetry/testing/fake_clock.ts";
import { MockExecutor } from "./mock_executor.ts";
import { startMockWorker } from "./mock_worker.ts";

const never = new AbortController().signal;

function task(operation: string, input: Record<string, unknown> = {}): Task {
  return {
    id: crypto.randomUUID(),
    sessionId: "sess-0123456789abcdef",
    operation,
    input,
    deadlineMs: 60_000,
    traceparent: "",
  };
}

function coordinator() {
  const news: string[] = [];
  const workers = new Map<string, WorkerConnection>();
  const joined = Promise.withResolvers<WorkerConnection>();
  const listener: WorkerListener = {
    joined(worker) {
      news.push(`joined ${worker.id}`);
      workers.set(worker.id, worker);
      joined.resolve(worker);
    },
    changed() {},
    left(worker, reason) {
      news.push(`left ${worker.id}: ${reason}`);
    },
  };
  const hub = new WorkerHub({ listener, log: silentLogger });
  return { hub, news, workers, first: joined.promise };
}

Deno.test("a mock worker registers, answers echo, and says farewell", async () => {
  const { hub, news, first } = coordinator();
  const worker = startMockWorker(hub, { id: "w1" });
  const connection = await first;
  assert.equal(connection.id, "w1");
  assert.equal(connection.hello.capacity, 100);
  const outcome = await connection.run(task("echo", { message: "hi" }), { signal: never });
  assert.deepEqual(outcome, { ok: true, output: { message: "hi" } });
  assert.equal(worker.isConnected, true);
  await worker.stop();
  assert.equal(worker.isConnected, false);
  assert.deepEqual(news, ["joined w1", "left w1: it was stopped"]);
});

Deno.test("its answers are as the test says, one after the other, and it tells events", async () => {
  const { hub, first } = coordinator();
  const executor = new MockExecutor().answer(
    "fs.read",
    { ok: false, code: "not_found", message: "no" },
    ({ tell }) => {
      tell({ kind: "progress", done: 1, total: 2, message: "half" });
      return { ok: true, output: { size: 1 }, body: new Uint8Array([7]) };
    },
  );
  const worker = startMockWorker(hub, { executor });
  const connection = await first;
  const events: unknown[] = [];
  const run = () =>
    connection.run(task("fs.read"), { signal: never, onEvent: (event) => void events.push(event) });
  assert.equal((await run() as { code: string }).code, "not_found");
  assert.deepEqual(await run(), { ok: true, output: { size: 1 }, body: new Uint8Array([7]) });
  assert.equal((await run()).ok, true);
  assert.deepEqual(events.length, 2);
  const other = await connection.run(task("fs.write"), { signal: never });
  assert.deepEqual(other, {
    ok: false,
    code: "invalid",
    message: "the mock worker has no answer for fs.write",
  });
  assert.deepEqual(executor.tasks.map(({ operation }) => operation), [
    "fs.read",
    "fs.read",
    "fs.read",
    "fs.write",
  ]);
  await worker.stop();
});

Deno.test("calls are held until the test releases them, in their order, over a broken stream", async () => {
  const { hub, first } = coordinator();
  const executor = new MockExecutor();
  const worker = startMockWorker(hub, { executor, random: () => 0 });
  const connection = await first;
  const [one, two] = [executor.hold("run.command"), executor.hold("run.command")];
  const outcomes = [1, 2].map(() => connection.run(task("run.command"), { signal: never }));
  const held = [await one, await two];
  worker.breakStream();
  await settle();
  held[1]?.release({ ok: true, output: { exitCode: 2 } });
  held[0]?.release({ ok: true, output: { exitCode: 1 } });
  assert.deepEqual(await Promise.all(outcomes), [{ ok: true, output: { exitCode: 1 } }, {
    ok: true,
    output: { exitCode: 2 },
  }]);
  assert.equal(executor.tasks.length, 2);
  await worker.stop();
});

Deno.test("a held call ends when its caller gives up", async () => {
  const { hub, first } = coordinator();
  const executor = new MockExecutor();
  const worker = startMockWorker(hub, { executor });
  const connection = await first;
  const held = executor.hold("run.command");
  const stop = new AbortController();
  const outcome = connection.run(task("run.command"), { signal: stop.signal });
  const { signal } = await held;
  stop.abort(new Error("enough"));
  await assert.rejects(outcome, { message: "enough" });
  await settle();
  assert.equal(signal.aborted, true);
  await worker.drain();
});

Deno.test("a worker that vanished is lost when another process comes in its name", async () => {
  const { hub, news, first } = coordinator();
  const executor = new MockExecutor();
  const worker = startMockWorker(hub, { executor });
  const connection = await first;
  const held = executor.hold("run.command");
  const outcome = connection.run(task("run.command"), { signal: never });
  await held;
  await worker.vanish();
  assert.equal(connection.isConnected, false);
  assert.deepEqual(news, ["joined mock"]);
  const again = startMockWorker(hub);
  await assert.rejects(
    outcome,
    (error: unknown) =>
      error instanceof WorkerLostError && error.mayHaveRun && /worker mock went away/.test(error.message),
  );
  assert.deepEqual(news, [
    "joined mock",
    "left mock: another process has registered in its name",
    "joined mock",
  ]);
  await again.stop();
});

Deno.test("what only works in memory says so elsewhere", async () => {
  const { MockWorker } = await import("./mock_worker.ts");
  const away = () => Promise.reject(new Error("away"));
  const worker = new MockWorker({
    address: "nowhere",
    register: away,
    heartbeat: away,
    deregister: away,
    dial: away,
    close() {},
  });
  assert.throws(() => worker.breakStream(), /in memory alone/);
  await worker.stop();
});
