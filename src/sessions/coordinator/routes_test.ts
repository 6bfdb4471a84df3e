import assert from "node:assert/strict";
import { echo, fsRead, fsWrite } from "../operations.ts";
import type { TaskOutcome } from "../link.ts";
import { OWNER, Rig, type TestWorker, until } from "./testing.ts";

const shared = { sharedStorage: "nfs" };
const written: TaskOutcome = { ok: true, output: { path: "a", bytes: 2, size: 2, created: true } };

async function started() {
  const rig = new Rig();
  const first = await rig.worker("w1", shared);
  const session = await rig.sessions.create(OWNER, { name: "one" }, rig.options);
  return { rig, first, session };
}

const say = (rig: Rig, service = rig.sessions) =>
  service.call(OWNER, "one", echo, { message: "hi" }, undefined, rig.options);
const opens = (worker: TestWorker) =>
  worker.executor.tasks.filter(({ operation }) => operation === "session.open").map(({ input }) =>
    input["existing"]
  );

/** It says farewell: at once it is known to be gone. */
async function leaves(rig: Rig, worker: TestWorker): Promise<void> {
  await worker.mock.stop();
  await until(() => rig.registry.find(worker.mock.id) === undefined);
}

Deno.test("where another worker has the files, the next call finds the session there", async () => {
  const { rig, first, session } = await started();
  await using _ = rig;
  await rig.worker("other", { sharedStorage: "else" });
  const second = await rig.worker("w2", shared);
  await leaves(rig, first);
  assert.equal((await rig.sessions.get(OWNER, "one", rig.signal)).state, "ready");
  const answer = await say(rig);
  assert.deepEqual([answer.session.workerId, answer.session.state], ["w2", "ready"]);
  assert.equal(answer.session.incarnation, second.mock.hello.incarnation);
  assert.deepEqual(opens(second), [true]);
  assert.deepEqual(await rig.sessions.get(OWNER, session.id, rig.signal), answer.session);
  await say(rig);
  assert.deepEqual(opens(second), [true]);
  assert.equal(await rig.metric("coordinator_sessions_moved_total"), 1);
  assert.deepEqual(rig.registry.list().map(({ sessions }) => sessions), [0, 1]);
});

Deno.test("of many calls at several coordinators one does the move", async () => {
  const { rig, first } = await started();
  await using _ = rig;
  const others = [await rig.worker("w2", shared), await rig.worker("w3", shared)];
  const services = [rig.sessions, rig.another(), rig.another()];
  await leaves(rig, first);
  const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => say(rig, services[index % 3])));
  const places = new Set(answers.map(({ session }) => session.workerId));
  assert.equal(places.size, 1);
  assert.equal(await rig.metric("coordinator_sessions_moved_total"), 1);
  await until(() => rig.registry.list().reduce((sum, { sessions }) => sum + sessions, 0) === 1);
  const loser = others.find(({ mock }) => !places.has(mock.id))!;
  await until(() => loser.executor.load().sessions.length === 0);
  for (const { operation, input } of loser.executor.tasks) {
    if (operation === "session.close") assert.equal(input["keepFiles"], true);
  }
});

Deno.test("its own worker, started again, goes on with it", async () => {
  const { rig, first } = await started();
  await using _ = rig;
  await first.mock.vanish();
  const again = await rig.worker("w1", shared);
  assert.equal((await say(rig)).session.incarnation, again.mock.hello.incarnation);
  assert.deepEqual(opens(again), [true]);
});

Deno.test("what may be done twice is done again at the other worker, what may not is not", async () => {
  const { rig, first } = await started();
  await using _ = rig;
  const second = await rig.worker("w2", shared);
  second.executor.answer("fs.write", written);
  const held = [first.executor.hold("echo"), first.executor.hold("fs.write")];
  const echoed = say(rig);
  const rejected = assert.rejects(
    rig.sessions.call(OWNER, "one", fsWrite, { path: "a" }, new Uint8Array(2), rig.options),
    {
      code: "unknown_outcome",
      message:
        /goes on at another worker, its processes are gone and its files are there: look at the session's files/,
    },
  );
  await Promise.all(held);
  await first.mock.vanish();
  // In its name, elsewhere: the process before it is lost at once.
  await rig.worker("w1", { sharedStorage: "else" });
  await rejected;
  await rig.clock.advance(1_000);
  const answer = await echoed;
  assert.equal(answer.session.workerId, "w2");
  assert.deepEqual(second.operations(), ["session.open", "echo"]);
});

Deno.test("without another worker it waits for one, and says that the files are there", async () => {
  const { rig, first } = await started();
  await using _ = rig;
  await leaves(rig, first);
  const rejected = assert.rejects(say(rig), {
    code: "unavailable",
    message:
      /worker w1, which had session sess-\w+, is gone, and no other one with the storage nfs .*Its files are there/,
  });
  await rig.clock.advance(15_000);
  await rejected;
  const call = say(rig);
  await rig.clock.advance(5_000);
  await rig.worker("w2", shared);
  assert.equal((await call).session.workerId, "w2");
});

Deno.test("a move that does not work leaves the files and can be tried again", async () => {
  const { rig, first } = await started();
  await using _ = rig;
  const second = await rig.worker("w2", shared);
  second.executor.answer("session.open", { ok: false, code: "failed", message: "stale file handle" });
  await leaves(rig, first);
  await assert.rejects(say(rig), { code: "failed", message: "stale file handle" });
  await until(() => second.operations().length === 2);
  assert.equal(second.executor.tasks[1]?.input["keepFiles"], true);
  second.executor.answer("session.open", { ok: true, output: { isolation: "none" } });
  assert.equal((await say(rig)).session.isolation, "none");
});

Deno.test("one that is closed while it is moved is removed where it went", async () => {
  const { rig, first } = await started();
  await using _ = rig;
  const second = await rig.worker("w2", shared);
  await leaves(rig, first);
  const opening = second.executor.hold("session.open");
  const rejected = assert.rejects(say(rig), { code: "session_ended" });
  const { release } = await opening;
  await rig.sessions.close(OWNER, "one", rig.signal);
  release({ ok: true, output: { isolation: "full" } });
  await rejected;
  await until(() => second.operations().filter((one) => one === "session.close").length === 2);
  assert.deepEqual(second.executor.tasks.at(-1)?.input, { keepFiles: false });
  await until(() => rig.registry.list()[0]?.sessions === 0);
});

Deno.test("who gives up does not stop the move that others wait for", async () => {
  const { rig, first } = await started();
  await using _ = rig;
  const second = await rig.worker("w2", shared);
  await leaves(rig, first);
  const opening = second.executor.hold("session.open");
  const stop = new AbortController();
  const gone = rig.sessions.call(OWNER, "one", echo, { message: "a" }, undefined, { signal: stop.signal });
  const rejected = assert.rejects(gone, { message: "enough" });
  const { release } = await opening;
  const call = say(rig);
  stop.abort(new Error("enough"));
  await rejected;
  release({ ok: true, output: { isolation: "full" } });
  assert.equal((await call).session.workerId, "w2");
});

Deno.test("a worker that was only away, and finds its session elsewhere, lets it go and keeps the files", async () => {
  const { rig, first, session } = await started();
  await using _ = rig;
  await rig.worker("w2", shared);
  const { incarnation } = first.mock.hello;
  await leaves(rig, first);
  await say(rig);
  const back = await rig.worker("w1", { ...shared, incarnation }, first.executor);
  await until(() => back.executor.load().sessions.length === 0);
  const last = back.executor.tasks.at(-1);
  assert.deepEqual([last?.operation, last?.sessionId, last?.input], ["session.close", session.id, {
    keepFiles: true,
  }]);
  assert.equal((await say(rig)).session.workerId, "w2");
});

Deno.test("a coordinator that was started again finds its sessions where they are", async () => {
  const rig = new Rig();
  await using _ = rig;
  const worker = await rig.worker("w1");
  await rig.sessions.create(OWNER, { name: "one" }, rig.options);
  await rig.sessions.shutDown();
  await using next = new Rig({ store: rig.store });
  const call = next.sessions.call(OWNER, "one", fsRead, { path: "a" }, undefined, next.options);
  const { incarnation } = worker.mock.hello;
  await next.clock.advance(1_000);
  worker.executor.answer("fs.read", { ok: false, code: "not_found", message: "no a" });
  const rejected = assert.rejects(call, { code: "not_found", message: "no a" });
  await next.worker("w1", { incarnation }, worker.executor);
  await rejected;
  assert.deepEqual(next.registry.list().map(({ sessions }) => sessions), [1]);
  assert.deepEqual(worker.operations(), ["session.open", "fs.read"]);
});

Deno.test("a coordinator that was started again waits for a session's own worker before it moves the session", async () => {
  const { rig, first } = await started();
  await using _ = rig;
  await rig.sessions.shutDown();
  const say = (to: Rig) => to.sessions.call(OWNER, "one", echo, { message: "x" }, undefined, to.options);
  await using next = new Rig({ store: rig.store });
  await next.worker("w2", shared);
  const [early, { incarnation }] = [say(next), first.mock.hello];
  await next.clock.advance(1_000);
  await next.worker("w1", { ...shared, incarnation }, first.executor);
  assert.equal((await early).session.workerId, "w1");
  await using last = new Rig({ store: rig.store });
  await last.worker("w3", shared);
  const late = say(last);
  await last.clock.advance(15_000);
  assert.equal((await late).session.workerId, "w3");
});
