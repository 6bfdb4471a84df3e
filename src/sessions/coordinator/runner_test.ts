import assert from "node:assert/strict";
import { echo, fsRead, fsWrite, pkgInstall, runCommand } from "../operations.ts";
import type { TaskOutcome, WorkerConnection } from "../link.ts";
import { IDLE_LOAD } from "../testing/mock_executor.ts";
import { mockHello } from "../testing/mock_worker.ts";
import type { SessionErrorCode } from "../types.ts";
import { settle } from "../../telemetry/testing/fake_clock.ts";
import { OWNER, Rig, START, type TestWorker, until } from "./testing.ts";

const read: TaskOutcome = {
  ok: true,
  output: {
    path: "a",
    size: 2,
    offset: 0,
    length: 2,
    eof: true,
    modifiedAt: "2026-11-22T10:00:00Z",
    executable: false,
  },
  body: new TextEncoder().encode("hi"),
};
const written: TaskOutcome = { ok: true, output: { path: "a", bytes: 2, size: 2, created: true } };
const refused = (code: SessionErrorCode, message = "no"): TaskOutcome => ({ ok: false, code, message });

async function started(given: ConstructorParameters<typeof Rig>[0] = {}) {
  const rig = new Rig(given);
  const worker = await rig.worker("w1");
  const session = await rig.sessions.create(OWNER, { name: "one" }, rig.options);
  return { rig, worker, session, id: session.id };
}

const reading = (rig: Rig) => rig.sessions.call(OWNER, "one", fsRead, { path: "a" }, undefined, rig.options);
const writing = (rig: Rig, body = new Uint8Array([1, 2])) =>
  rig.sessions.call(OWNER, "one", fsWrite, { path: "a" }, body, rig.options);
const runs = (worker: TestWorker, operation: string) =>
  worker.operations().filter((one) => one === operation).length;

Deno.test("arguments and bytes go to the worker with their defaults, and bytes come back", async () => {
  const { rig, worker, id } = await started();
  await using _ = rig;
  worker.executor.answer("fs.read", read).answer("fs.write", written);
  const answer = await reading(rig);
  assert.equal(new TextDecoder().decode(answer.body), "hi");
  assert.equal(answer.output.size, 2);
  assert.equal((await writing(rig)).output.created, true);
  const [, first, second] = worker.executor.tasks;
  assert.deepEqual(first?.input, { path: "a", offset: 0, length: 1_048_576 });
  assert.deepEqual([first?.sessionId, first?.deadlineMs], [id, 300_000]);
  assert.deepEqual(second?.body, new Uint8Array([1, 2]));
});

Deno.test("what the operation does not take never gets to the worker", async () => {
  const { rig, worker } = await started();
  await using _ = rig;
  const wrong = { path: "", offset: -1 };
  await assert.rejects(rig.sessions.call(OWNER, "one", fsRead, wrong, undefined, rig.options), {
    code: "invalid",
    message: /^fs.read cannot be called like this: path: .*; offset: /,
  });
  assert.deepEqual(worker.operations(), ["session.open"]);
});

Deno.test("what is seen of a task meanwhile is told", async () => {
  const { rig, worker } = await started();
  await using _ = rig;
  worker.executor.answer("echo", ({ tell }) => {
    tell({ kind: "output", stream: "stdout", text: "so far" });
    return { ok: true, output: { message: "done" } };
  });
  const events: unknown[] = [];
  const options = { ...rig.options, onEvent: (event: unknown) => void events.push(event) };
  await rig.sessions.call(OWNER, "one", echo, { message: "x" }, undefined, options);
  assert.deepEqual(events, [{ kind: "output", stream: "stdout", text: "so far" }]);
});

Deno.test("an answer that does not fit its operation is told as that, and not tried again", async () => {
  const { rig, worker } = await started();
  await using _ = rig;
  worker.executor.answer("fs.read", { ok: true, output: { path: 7, size: "many" } });
  await assert.rejects(reading(rig), {
    code: "failed",
    message:
      /worker w1 answered fs.read in a way .* \(path: .*size: .*Workers and coordinator should be of one version/,
  });
  assert.equal(runs(worker, "fs.read"), 1);
  assert.equal(await rig.metric("coordinator_worker_errors_total", 'reason="answer"'), 1);
});

Deno.test("what went wrong in the session is told as the worker says it", async () => {
  const { rig, worker } = await started();
  await using _ = rig;
  for (
    const code of ["not_found", "forbidden", "limit", "conflict", "deadline", "failed", "internal"] as const
  ) {
    worker.executor.answer("fs.read", refused(code, `because of ${code}`));
    await assert.rejects(reading(rig), { code, message: `because of ${code}` });
  }
  assert.equal(runs(worker, "fs.read"), 7);
  worker.executor.answer("fs.write", refused("deadline", "too slow"));
  await assert.rejects(writing(rig), {
    code: "deadline",
    message: /^too slow; it may have been done in part: look/,
  });
  worker.executor.answer("fs.read", refused("failed", "x".repeat(100_000)));
  await assert.rejects(reading(rig), (error: Error) => error.message.length < 5_000);
});

Deno.test("what was not begun is tried again, whatever it is: three times, longer apart each time", async () => {
  const { rig, worker } = await started();
  await using _ = rig;
  const away = refused("unavailable", "not begun");
  worker.executor.answer("fs.write", away, away, away, written);
  const call = writing(rig);
  await until(() => runs(worker, "fs.write") === 1);
  const times: number[] = [0];
  for (let expected = 2; expected <= 4; expected++) {
    await until(async () => {
      if (runs(worker, "fs.write") >= expected) return true;
      await rig.clock.advance(50);
      return false;
    });
    times.push(rig.clock.now());
  }
  await call;
  assert.deepEqual(times.map((time, index) => time - (times[index - 1] ?? 0)), [0, 250, 500, 1_000]);
  const ids = worker.executor.tasks.slice(1).map(({ id }) => id);
  assert.equal(new Set(ids).size, 1);
  assert.equal(await rig.metric("coordinator_retries_total", 'tool="fs.write"'), 3);
});

Deno.test("a worker that does not know whether it was done is asked again for what does no harm alone", async () => {
  const { rig, worker } = await started();
  await using _ = rig;
  const unknown = refused("unknown_outcome", "its init ended");
  worker.executor.answer("fs.read", unknown, read).answer("fs.write", unknown, written);
  await assert.rejects(writing(rig), { code: "unknown_outcome", message: "its init ended" });
  const call = reading(rig);
  await rig.clock.advance(1_000);
  assert.equal((await call).output.size, 2);
  assert.deepEqual([runs(worker, "fs.write"), runs(worker, "fs.read")], [1, 2]);
});

Deno.test("after the last try it says so", async () => {
  const { rig, worker } = await started({ settings: { maxRetries: 1 } });
  await using _ = rig;
  worker.executor.answer("fs.read", refused("unavailable", "not begun"));
  const rejected = assert.rejects(reading(rig), { code: "unavailable", message: "not begun" });
  await rig.clock.advance(1_000);
  await rejected;
  assert.equal(runs(worker, "fs.read"), 2);
});

Deno.test("a call over a broken stream goes on, and is done once", async () => {
  const { rig, worker } = await started();
  await using _ = rig;
  const held = worker.executor.hold("fs.write");
  const call = writing(rig);
  const { release } = await held;
  worker.mock.breakStream();
  await settle();
  release(written);
  await rig.clock.advance(1_000);
  assert.equal((await call).output.created, true);
  assert.equal(runs(worker, "fs.write"), 1);
});

Deno.test("a worker that went away for good: its sessions have failed, and say so", async () => {
  const { rig, worker } = await started();
  await using _ = rig;
  const held = worker.executor.hold("fs.read");
  const call = reading(rig);
  await held;
  await worker.mock.vanish();
  const gone = {
    code: "session_ended",
    message:
      /is over \(failed\): worker w1 went away at 2026-11-22T10:05:00.000Z \(.*\): its files are gone; create a new/,
  };
  const rejected = assert.rejects(call, { code: /session_ended|deadline/ });
  await rig.clock.advance(300_000);
  await rejected;
  await assert.rejects(reading(rig), gone);
  assert.equal(await rig.metric("coordinator_sessions_ended_total", 'reason="worker_lost"'), 1);
});

Deno.test("what may have been done when its worker went away, and must not be done twice, is not known", async () => {
  const { rig, worker, id } = await started();
  await using _ = rig;
  const held = worker.executor.hold("fs.write");
  const call = writing(rig);
  await held;
  const rejected = assert.rejects(call, {
    code: "unknown_outcome",
    message: new RegExp(
      `^it is not known whether fs.write in session ${id} was done: worker w1 went away .* The session is over`,
    ),
  });
  await worker.mock.vanish();
  const again = await rig.worker("w1");
  await rejected;
  assert.equal(runs(worker, "fs.write") + runs(again, "fs.write"), 1);
});

Deno.test("a worker that was started again does not have its sessions any more", async () => {
  const { rig, worker, id } = await started();
  await using _ = rig;
  await worker.mock.vanish();
  await rig.worker("w1");
  await until(async () => (await rig.store.get(id, rig.signal))?.state === "failed");
  await assert.rejects(reading(rig), {
    code: "session_ended",
    message: /worker w1 (went away|was started again) at .*: its files are gone; create a new session/,
  });
});

Deno.test("a call waits a while for a worker that is not connected", async () => {
  const { rig, worker } = await started();
  await using _ = rig;
  worker.executor.answer("fs.read", read);
  worker.mock.breakStream();
  const call = reading(rig);
  await settle();
  await rig.clock.advance(1_000);
  assert.equal((await call).output.size, 2);
});

Deno.test("a worker that stays away is told of soon, with nothing done", async () => {
  const { rig, worker } = await started();
  await using _ = rig;
  await worker.mock.vanish();
  await settle();
  const rejected = assert.rejects(reading(rig), {
    code: "unavailable",
    message: /^nothing was done: worker w1, which has session sess-\w+, has not been connected for 15 s/,
  });
  await rig.clock.advance(15_000);
  await rejected;
});

Deno.test("a session that its worker does not have is over", async () => {
  const { rig, worker, id } = await started();
  await using _ = rig;
  worker.executor.answer("fs.read", refused("session_ended", "its init is gone"));
  await assert.rejects(reading(rig), {
    code: "session_ended",
    message: /worker w1 does not have it any more \(its init is gone\): create a new session/,
  });
  assert.equal((await rig.store.get(id, rig.signal))?.state, "failed");
});

Deno.test("a call that comes to a worker after its session was closed is told of that", async () => {
  const { rig, worker } = await started();
  await using _ = rig;
  const held = worker.executor.hold("fs.read");
  const call = reading(rig);
  const { release } = await held;
  await rig.sessions.close(OWNER, "one", rig.signal);
  release(refused("session_ended", "closed"));
  await assert.rejects(call, { code: "session_ended", message: /is over \(closed\)/ });
});

Deno.test("who gives up ends the task at the worker", async () => {
  const { rig, worker } = await started();
  await using _ = rig;
  const held = worker.executor.hold("run.command");
  const stop = new AbortController();
  const call = rig.sessions.call(OWNER, "one", runCommand, { command: "sleep 9" }, undefined, {
    signal: stop.signal,
  });
  const { signal } = await held;
  stop.abort(new Error("enough"));
  await assert.rejects(call, { message: "enough" });
  await until(() => signal.aborted);
});

Deno.test("a call takes no longer than its deadline, though the worker says nothing", async () => {
  const { rig, worker } = await started({ settings: { taskTimeoutMs: 20_000 } });
  await using _ = rig;
  worker.executor.answer("fs.read", () => new Promise(() => {}));
  worker.executor.answer("fs.write", () => new Promise(() => {}));
  const rejected = Promise.all([
    assert.rejects(reading(rig), { code: "deadline" }),
    assert.rejects(writing(rig), { code: /deadline|unknown_outcome/ }),
  ]);
  await rig.clock.advance(30_000);
  await rejected;
});

Deno.test("a wait for a process ends before the deadline of its call", async () => {
  const { rig, worker } = await started({ settings: { taskTimeoutMs: 60_000 } });
  await using _ = rig;
  const output = {
    process: "proc-1",
    state: "running",
    stdout: "",
    stderr: "",
    nextStdout: 0,
    nextStderr: 0,
    durationMs: 1,
  };
  worker.executor.answer("pkg.install", { ok: true, output: { ...output, installed: [] } });
  worker.executor.answer("run.command", { ok: true, output });
  await rig.sessions.call(OWNER, "one", pkgInstall, { packages: ["x"] }, undefined, rig.options);
  const options = { command: "true", waitMs: 1_000 };
  await rig.sessions.call(OWNER, "one", runCommand, options, undefined, rig.options);
  assert.deepEqual(worker.executor.tasks.slice(1).map(({ input }) => input["waitMs"]), [55_000, 1_000]);
});

Deno.test("a coordinator that shuts down does not take its workers for lost", async () => {
  const { rig, worker, id } = await started();
  await using _ = rig;
  const [held, reads] = [worker.executor.hold("fs.write"), worker.executor.hold("fs.read")];
  const [write, read] = [writing(rig), reading(rig)];
  await Promise.all([held, reads]);
  await rig.sessions.shutDown();
  rig.hub.close("the coordinator is shutting down");
  await assert.rejects(write, {
    code: "unknown_outcome",
    message: /it is not known whether fs.write was done/,
  });
  await assert.rejects(read, { code: "unavailable" });
  assert.equal((await rig.store.get(id, rig.signal))?.state, "ready");
});

/** A session at a worker whose link does not do what it should. */
async function misled(run: WorkerConnection["run"]) {
  const rig = new Rig({ settings: { taskTimeoutMs: 20_000 } });
  rig.registry.joined({
    id: "w1",
    hello: mockHello(),
    load: IDLE_LOAD,
    registeredAt: START,
    lastHeardAt: START,
    isConnected: true,
    isDraining: false,
    run: (task, options) =>
      task.operation === "session.open"
        ? Promise.resolve({ ok: true, output: { isolation: "full" } })
        : run(task, options),
  });
  await rig.sessions.create(OWNER, { name: "one" }, rig.options);
  return rig;
}

Deno.test("a call ends even where the link to the worker keeps no deadline", async () => {
  await using rig = await misled((_, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
  );
  const rejected = Promise.all([
    assert.rejects(reading(rig), {
      code: "deadline",
      message: /fs.read in session sess-\w+ was given up after 20000 ms/,
    }),
    assert.rejects(writing(rig), {
      code: "unknown_outcome",
      message: /it is not known whether it was done; look at/,
    }),
  ]);
  await rig.clock.advance(30_000);
  await rejected;
});

Deno.test("a mistake of ours on the way is told as one, and is in the log", async () => {
  await using rig = await misled(() => Promise.reject(new TypeError("x is undefined")));
  await assert.rejects(reading(rig), {
    code: "internal",
    message: "fs.read failed at the coordinator: its log says why",
  });
  const line = rig.kept.lines.find(({ msg }) => msg.startsWith("a call failed in a way"));
  assert.match(String(line?.["error"]), /x is undefined/);
});
