import assert from "node:assert/strict";
import { echo } from "../operations.ts";
import { IDLE_LOAD, MockExecutor } from "../testing/mock_executor.ts";
import { record } from "../store/suite.ts";
import { settle } from "../../telemetry/testing/fake_clock.ts";
import { OTHER, OWNER, Rig, START, until } from "./testing.ts";

const CLEANUP = 300_000;

Deno.test("a session that is not used ends, its worker is told, and it is forgotten after a while", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  const { id } = await rig.sessions.create(OWNER, { name: "one", ttlMs: 60_000 }, rig.options);
  await rig.clock.advance(CLEANUP);
  const expired = await rig.store.get(id, rig.signal);
  assert.equal(expired?.state, "expired");
  assert.match(expired.reason, /^it was not used for 60 s: create a new one/);
  assert.deepEqual(worker.operations(), ["session.open", "session.close"]);
  assert.deepEqual(rig.registry.list().map(({ sessions }) => sessions), [0]);
  assert.equal(await rig.metric("coordinator_sessions_ended_total", 'reason="expired"'), 1);
  await rig.clock.advance(600_000);
  assert.notEqual(await rig.store.get(id, rig.signal), undefined);
  await rig.clock.advance(CLEANUP);
  assert.equal(await rig.store.get(id, rig.signal), undefined);
  await assert.rejects(rig.sessions.get(OWNER, id, rig.signal), { code: "not_found" });
});

Deno.test("a session whose time is over is not used any more, though nobody has cleaned up yet", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  await rig.sessions.create(OWNER, { name: "one", ttlMs: 60_000 }, rig.options);
  await rig.clock.advance(60_001);
  assert.deepEqual(await rig.sessions.list(OWNER, {}, rig.signal), []);
  await assert.rejects(rig.sessions.call(OWNER, "one", echo, { message: "x" }, undefined, rig.options), {
    code: "session_ended",
    message: /over \(expired\): it was not used for 60 s/,
  });
  await until(() => worker.operations().length === 2);
  assert.deepEqual(worker.operations(), ["session.open", "session.close"]);
});

Deno.test("calls keep a session, with few writes, and so does one that takes long", async () => {
  await using rig = new Rig();
  const touches: number[] = [];
  const touch = rig.store.touch.bind(rig.store);
  rig.store.touch = (...given) => {
    touches.push(rig.clock.now());
    return touch(...given);
  };
  const worker = await rig.worker("w1");
  const { id } = await rig.sessions.create(OWNER, { name: "one", ttlMs: 60_000 }, rig.options);
  const say = () => rig.sessions.call(OWNER, "one", echo, { message: "x" }, undefined, rig.options);
  for (let call = 0; call < 50; call++) {
    await say();
    await rig.clock.advance(100);
  }
  assert.deepEqual(touches, [0]);
  await say();
  assert.deepEqual(touches, [0, 5_000]);
  const held = worker.executor.hold("echo");
  const call = say();
  const { release } = await held;
  await rig.clock.advance(200_000);
  assert.equal((await rig.store.get(id, rig.signal))?.state, "ready");
  assert.deepEqual(touches.slice(2), Array.from({ length: 10 }, (_, index) => 5_000 + 20_000 * (index + 1)));
  release({ ok: true, output: { message: "x" } });
  await call;
  const kept = await rig.store.get(id, rig.signal);
  assert.equal(kept?.expiresAt, START + rig.clock.now() + 60_000);
  await rig.clock.advance(60_000 + CLEANUP);
  assert.equal((await rig.store.get(id, rig.signal))?.state, "expired");
});

Deno.test("many that are over are all cleaned up in one round", async () => {
  await using rig = new Rig();
  for (let index = 0; index < 120; index++) {
    const state = index % 2 ? "ready" : "closed";
    await rig.store.create(
      record({ state, expiresAt: START - 1 - index, owner: `o${index}`, workerId: "" }),
      1_000,
      rig.signal,
    );
  }
  await rig.sessions.cleanUp(rig.signal);
  const { expired, ...others } = await rig.store.count(rig.signal);
  assert.deepEqual([expired, others], [60, { creating: 0, ready: 0, failed: 0, closed: 0 }]);
});

Deno.test("one that was left half made by a coordinator that went away has failed", async () => {
  await using rig = new Rig();
  const half = record({ state: "creating", name: "one", workerId: "w1", expiresAt: START + 60_000 });
  await rig.store.create({ ...half, owner: OWNER.id }, 1_000, rig.signal);
  await rig.clock.advance(60_001);
  await assert.rejects(rig.sessions.call(OWNER, "one", echo, { message: "x" }, undefined, rig.options), {
    code: "session_ended",
    message: /over \(failed\): the coordinator went away while it made this session: create a new one/,
  });
  assert.equal(await rig.metric("coordinator_sessions_ended_total", 'reason="abandoned"'), 1);
});

Deno.test("a lost worker's sessions have failed, those of others have not", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  const one = await rig.sessions.create(OWNER, {}, rig.options);
  await rig.worker("w2", { capacity: 1_000 });
  const two = await rig.sessions.create(OTHER, {}, rig.options);
  await worker.mock.stop();
  await until(async () => (await rig.store.get(one.id, rig.signal))?.state === "failed");
  assert.equal(
    (await rig.store.get(one.id, rig.signal))?.reason,
    "worker w1 went away at 2026-11-22T10:00:00.000Z (it was stopped): its files are gone; create a new session",
  );
  assert.equal((await rig.store.get(two.id, rig.signal))?.state, "ready");
  await until(async () => await rig.metric("coordinator_sessions_active") === 1);
});

Deno.test("what a worker has and nobody knows, it is told to close: at once, and with its signs of life", async () => {
  await using rig = new Rig();
  const executor = new MockExecutor();
  const open = (id: string) =>
    executor.execute(
      {
        id,
        sessionId: id,
        operation: "session.open",
        input: {},
        deadlineMs: 1,
        traceparent: "",
      },
      () => {},
      rig.signal,
    );
  const strangers = ["sess-aaaaaaaaaaaaaaaa", "sess-bbbbbbbbbbbbbbbb"];
  await open(strangers[0]!);
  await rig.worker("w1", {}, executor);
  await until(() => executor.load().sessions.length === 0);
  await open(strangers[1]!);
  await rig.clock.advance(30_000);
  await until(() => executor.load().sessions.length === 0);
  const closed = executor.tasks.filter(({ operation }) => operation === "session.close");
  assert.deepEqual(closed.map(({ sessionId }) => sessionId), strangers);
  assert.ok(closed.every(({ input }) => input["keepFiles"] === false));
});

Deno.test("a worker's names of sessions are foreign: what is none is left alone", async () => {
  await using rig = new Rig();
  const executor = new MockExecutor();
  executor.load = () => ({ ...executor.loadNow, sessions: ["../../etc", "", "x".repeat(100_000)] });
  await rig.worker("w1", {}, executor);
  await rig.clock.advance(60_000);
  assert.deepEqual(executor.tasks, []);
});

Deno.test("a session of another coordinator on the same store is left alone", async () => {
  await using rig = new Rig();
  const executor = new MockExecutor();
  const worker = await rig.worker("w1", {}, executor);
  const theirs = record({
    workerId: "w1",
    incarnation: worker.mock.hello.incarnation,
    expiresAt: START + 1e9,
  });
  const id = "sess-cccccccccccccccc";
  await rig.store.create({ ...theirs, id }, 1_000, rig.signal);
  executor.load = () => ({ ...executor.loadNow, sessions: [id] });
  await rig.clock.advance(30_000);
  assert.deepEqual(executor.tasks, []);
  assert.deepEqual(rig.registry.strangers(rig.registry.find("w1")!), []);
  assert.deepEqual(rig.registry.list().map(({ sessions }) => sessions), [1]);
});

Deno.test("one that was closed while its worker was away is closed when it is back", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  const { id } = await rig.sessions.create(OWNER, { name: "one" }, rig.options);
  await worker.mock.vanish();
  const closing = rig.sessions.close(OWNER, "one", rig.signal);
  await rig.clock.advance(10_000);
  await closing;
  await rig.clock.advance(300_000);
  assert.equal(rig.registry.find("w1"), undefined);
  const back = await rig.worker("w1", { incarnation: worker.mock.hello.incarnation }, worker.executor);
  await until(() => back.executor.load().sessions.length === 0);
  assert.deepEqual(back.executor.tasks.at(-1)?.sessionId, id);
});

Deno.test("files on shared storage go with their session, whichever worker is there, and whenever it comes", async () => {
  await using rig = new Rig();
  const hello = { sharedStorage: "nfs" };
  const first = await rig.worker("w1", hello);
  const [one, two] = [
    await rig.sessions.create(OWNER, { name: "one" }, rig.options),
    await rig.sessions.create(OWNER, { name: "two" }, rig.options),
  ];
  const second = await rig.worker("w2", hello);
  await first.mock.stop();
  await until(() => rig.registry.find("w1") === undefined);
  await rig.sessions.close(OWNER, "one", rig.signal);
  assert.deepEqual(second.executor.tasks.map(({ sessionId, input }) => [sessionId, input]), [
    [one.id, { keepFiles: false }],
  ]);
  await second.mock.stop();
  await until(() => rig.registry.find("w2") === undefined);
  await rig.sessions.close(OWNER, "two", rig.signal);
  const third = await rig.worker("w3", hello);
  await until(() => third.executor.tasks.some(({ sessionId }) => sessionId === two.id));
  assert.ok(third.executor.tasks.every(({ operation }) => operation === "session.close"));
});

Deno.test("while no worker has the storage of its files, a session is not forgotten, for a day", async () => {
  await using rig = new Rig();
  const hello = { sharedStorage: "nfs" };
  const worker = await rig.worker("w1", hello);
  const ids: string[] = [];
  for (const name of ["one", "two"]) ids.push((await rig.sessions.create(OWNER, { name }, rig.options)).id);
  await worker.mock.stop();
  await until(() => rig.registry.find("w1") === undefined);
  for (const name of ["one", "two"]) await rig.sessions.close(OWNER, name, rig.signal);
  await rig.clock.advance(7_200_000);
  assert.equal((await rig.store.get(ids[0]!, rig.signal))?.state, "closed");
  const next = await rig.worker("w2", hello);
  await until(async () => (await rig.store.get(ids[1]!, rig.signal))?.sharedStorage === "");
  assert.deepEqual(next.executor.tasks.map(({ sessionId }) => sessionId).sort(), [...ids].sort());
  await rig.clock.advance(600_000);
  assert.deepEqual(await rig.store.list({}, rig.signal), []);
});

Deno.test("after a day it says that the files are still there", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1", { sharedStorage: "nfs" });
  const { id } = await rig.sessions.create(OWNER, { name: "one" }, rig.options);
  await worker.mock.stop();
  await until(() => rig.registry.find("w1") === undefined);
  await rig.sessions.close(OWNER, "one", rig.signal);
  await rig.clock.advance(86_400_000 + CLEANUP);
  assert.equal(await rig.store.get(id, rig.signal), undefined);
  const line = rig.kept.lines.find(({ msg }) => msg.includes("remove them by hand"));
  assert.deepEqual([line?.["session_id"], line?.["storage"]], [id, "nfs"]);
});

Deno.test("no session ends while a call is in it, however late its uses are written down", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  const { id } = await rig.sessions.create(OWNER, { name: "one" }, rig.options);
  const held = worker.executor.hold("echo");
  const call = rig.sessions.call(OWNER, "one", echo, { message: "x" }, undefined, rig.options);
  const { release } = await held;
  const kept = await rig.store.get(id, rig.signal);
  await rig.store.update({ ...kept!, expiresAt: START - 1 }, rig.signal);
  await rig.sessions.cleanUp(rig.signal);
  const after = await rig.store.get(id, rig.signal);
  assert.deepEqual([after?.state, after?.expiresAt], ["ready", START + 1_800_000]);
  release({ ok: true, output: { message: "x" } });
  assert.equal((await call).output.message, "x");
});

Deno.test("cleaning up goes on after a round that failed", async () => {
  await using rig = new Rig();
  await rig.worker("w1");
  const { id } = await rig.sessions.create(OWNER, { ttlMs: 60_000 }, rig.options);
  const expired = rig.store.expired.bind(rig.store);
  rig.store.expired = () => Promise.reject(new Error("the store is away"));
  await rig.clock.advance(CLEANUP);
  assert.ok(rig.kept.lines.some(({ msg }) => msg === "cleaning up: this did not work"));
  rig.store.expired = expired;
  await rig.clock.advance(CLEANUP);
  assert.equal((await rig.store.get(id, rig.signal))?.state, "expired");
});

Deno.test("however much and often a worker says that it has, it is looked at once at a time", async () => {
  await using rig = new Rig();
  const executor = new MockExecutor();
  const worker = await rig.worker("w1", {}, executor);
  const said = Array.from({ length: 3_000 }, (_, n) => `sess-${String(n).padStart(16, "0")}`);
  const closes: string[] = [];
  const end = Promise.withResolvers<void>();
  executor.answer("session.close", async ({ task }) => {
    closes.push(task.sessionId);
    await end.promise;
    return { ok: true, output: {} };
  });
  // Of a process that is known it counts as a sign of life.
  const heartbeat = () => rig.hub.register("w1", worker.mock.hello, { ...IDLE_LOAD, sessions: said });
  for (let count = 0; count < 20; count++) heartbeat();
  await until(() => closes.length > 0);
  heartbeat();
  for (let turn = 0; turn < 20; turn++) await settle();
  assert.deepEqual(closes, said.slice(0, 1));
  end.resolve();
  await until(() => closes.length === said.length, 20_000);
  assert.deepEqual(closes, said);
});
