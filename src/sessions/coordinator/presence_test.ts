import assert from "node:assert/strict";
import { MACHINES_APART_MS, newIncarnation } from "../incarnation.ts";
import { archiveDrop, archivePack, archiveRead, echo } from "../operations.ts";
import { SessionError } from "../types.ts";
import { START, until } from "./testing.ts";
import { type Replica, Replicas } from "./testing_replicas.ts";

const OWNER = { id: "ann", name: "Ann" };
const TIMEOUT = 300_000;

const create = (rig: Replicas, at: Replica, name = "one") => at.sessions.create(OWNER, { name }, rig.options);
const say = (rig: Replicas, at: Replica, name = "one") =>
  at.sessions.call(OWNER, name, echo, { message: "hi" }, undefined, rig.options);

/** What a call comes to while time passes. */
async function passing<T>(rig: Replicas, call: Promise<T>, ms: number): Promise<PromiseSettledResult<T>> {
  const [result] = await Promise.all([
    Promise.allSettled([call]).then(([only]) => only!),
    rig.clock.advance(ms),
  ]);
  return result;
}

function refusal(result: PromiseSettledResult<unknown>): SessionError {
  assert.equal(result.status, "rejected");
  assert.ok(result.reason instanceof SessionError, String(result.reason));
  return result.reason;
}

const stateOf = async (rig: Replicas, id: string) => (await rig.store.get(id, rig.signal))?.state;

Deno.test("a session that one coordinator has made is used at the other", async () => {
  await using rig = new Replicas();
  const [a, b] = rig.all as [Replica, Replica];
  await rig.worker("w1");
  const session = await create(rig, a);
  const answer = await say(rig, b);
  assert.deepEqual([answer.session.id, answer.output.message], [session.id, "hi"]);
  assert.equal((await a.sessions.close(OWNER, "one", rig.signal)).state, "closed");
  assert.equal(refusal((await Promise.allSettled([say(rig, b)]))[0]).code, "session_ended");
});

Deno.test("a worker that one coordinator has lost, and the other hears, loses no session", async () => {
  await using rig = new Replicas();
  const [a, b] = rig.all as [Replica, Replica];
  const worker = await rig.worker("w1");
  const { id } = await create(rig, a);
  worker.cut(1);
  await rig.clock.advance(2 * TIMEOUT);
  assert.equal(b.registry.find("w1"), undefined);
  assert.equal(await stateOf(rig, id), "ready");
  const error = refusal(await passing(rig, say(rig, b), 16_000));
  assert.equal(error.code, "unavailable");
  assert.match(error.message, /^nothing was done: worker w1.*another coordinator.*every coordinator$/);
  assert.equal(await stateOf(rig, id), "ready");
  assert.equal((await say(rig, a)).output.message, "hi");
  // It comes back while a call waits.
  const waiting = say(rig, b);
  worker.cut(1, false);
  await rig.clock.advance(12_000);
  assert.equal((await waiting).session.id, id);
  assert.equal(await rig.metric("coordinator_sessions_ended_total", "worker_lost"), 0);
});

Deno.test("a worker that nobody hears any more is lost, at whichever coordinator, and once", async () => {
  await using rig = new Replicas();
  const [a] = rig.all as [Replica];
  const worker = await rig.worker("w1");
  const { id } = await create(rig, a);
  await worker.vanish();
  await rig.clock.advance(TIMEOUT - 1_000);
  assert.equal(await stateOf(rig, id), "ready");
  await rig.clock.advance(2 * TIMEOUT);
  assert.equal(await stateOf(rig, id), "failed");
  assert.equal(await rig.metric("coordinator_sessions_ended_total", "worker_lost"), 1);
});

Deno.test("a farewell to one coordinator counts for all, at once", async () => {
  await using rig = new Replicas();
  const [a, b] = rig.all as [Replica, Replica];
  const worker = await rig.worker("w1");
  const { id } = await create(rig, a);
  // The other one cannot be told.
  worker.cut(1);
  const error = passing(rig, say(rig, b), 4_000);
  await worker.stop();
  await until(async () => await stateOf(rig, id) === "failed");
  assert.match(refusal(await error).message, /is over \(failed\): worker w1 went away.*it was stopped/);
  const { reason } = (await rig.store.get(id, rig.signal))!;
  assert.match(reason, /went away/);
});

Deno.test("a worker that was started again has lost its sessions, wherever it registers first", async () => {
  await using rig = new Replicas();
  const [a, b] = rig.all as [Replica, Replica];
  const before = await rig.worker("w1", { incarnation: newIncarnation(START) });
  const { id } = await create(rig, a);
  await before.vanish();
  rig.forget(before);
  // Only the second one is told of the new process; the first one takes the old one for alive.
  const after = await rig.worker("w1", { incarnation: newIncarnation(START + MACHINES_APART_MS + 1) });
  assert.equal(await stateOf(rig, id), "failed");
  assert.match((await rig.store.get(id, rig.signal))!.reason, /w1 (was started again|went away)/);
  const next = await create(rig, b, "two");
  assert.equal(next.incarnation, after.hello.incarnation);
});

Deno.test("a coordinator that still has a worker's old process does not end sessions of the new one", async () => {
  await using rig = new Replicas();
  const [a, b] = rig.all as [Replica, Replica];
  const before = await rig.worker("w1");
  await before.vanish();
  rig.forget(before);
  const after = rig.begin("w1");
  // The first one does not hear of it.
  after.cut(0);
  await rig.untilThere(after, 1);
  const { id } = await create(rig, b);
  const error = refusal(await passing(rig, say(rig, a), 16_000));
  assert.deepEqual([error.code, await stateOf(rig, id)], ["unavailable", "ready"]);
  assert.equal((await say(rig, b)).session.id, id);
});

Deno.test("a coordinator that was killed and started again goes on with sessions of before", async () => {
  await using rig = new Replicas();
  await rig.worker("w1");
  const { id } = await create(rig, rig.all[0]!);
  await rig.kill(0);
  assert.equal((await say(rig, rig.all[1]!)).session.id, id);
  rig.restart(0);
  const [result] = await Promise.all([say(rig, rig.all[0]!), rig.clock.advance(1_000)]);
  assert.equal(result.session.id, id);
  await rig.clock.advance(2 * TIMEOUT);
  assert.equal(await stateOf(rig, id), "ready");
});

Deno.test("what a worker had lost while no coordinator ran is found out, and not before it had time to come", async () => {
  await using rig = new Replicas({ skews: [0] });
  const worker = await rig.worker("w1");
  const { id } = await create(rig, rig.all[0]!);
  await rig.kill(0);
  rig.forget(worker);
  await rig.clock.advance(2 * TIMEOUT);
  await rig.store.touch(id, rig.now(), rig.now() + 7_200_000, rig.signal);
  rig.restart(0);
  assert.equal(refusal(await passing(rig, say(rig, rig.all[0]!), 16_000)).code, "unavailable");
  assert.equal(await stateOf(rig, id), "ready");
  await rig.clock.advance(2 * TIMEOUT + 60_000);
  assert.equal(await stateOf(rig, id), "failed");
});

Deno.test("while the store is away nothing ends, and not at once when it is back", async () => {
  await using rig = new Replicas();
  const [a, b] = rig.all as [Replica, Replica];
  const worker = await rig.worker("w1");
  const { id } = await create(rig, a);
  worker.cut(1);
  await rig.clock.advance(TIMEOUT + 60_000);
  const { sightings } = rig;
  const real = { heard: sightings.heard.bind(sightings), isHeard: sightings.isHeard.bind(sightings) };
  const away = () => Promise.reject(new SessionError("unavailable", "the session store does not answer"));
  Object.assign(sightings, { heard: away, isHeard: away });
  // Whatever was known of who was heard is over.
  await rig.clock.advance(2 * TIMEOUT);
  assert.match(refusal(await passing(rig, say(rig, b), 16_000)).message, /the session store does not answer/);
  // Back, and empty: the other coordinator has not said yet whom it hears.
  Object.assign(sightings, { ...real, heard: () => Promise.resolve() });
  assert.equal(refusal(await passing(rig, say(rig, b), 16_000)).code, "unavailable");
  assert.equal(await stateOf(rig, id), "ready");
  Object.assign(sightings, real);
  worker.cut(1, false);
  await rig.clock.advance(60_000);
  assert.equal(await stateOf(rig, id), "ready");
  assert.equal((await say(rig, b)).session.id, id);
});

Deno.test("places that the other coordinator has freed are there, also where the worker has just this one", async () => {
  await using rig = new Replicas();
  const [a, b] = rig.all as [Replica, Replica];
  const worker = await rig.worker("w1", { capacity: 1 });
  for (let round = 0; round < 4; round++) {
    const [one, other] = round % 2 === 0 ? [a, b] : [b, a];
    const { id } = await create(rig, one);
    await other.sessions.close(OWNER, "one", rig.signal);
    assert.equal(await stateOf(rig, id), "closed");
  }
  assert.deepEqual(worker.executor.load().sessions, []);
  // And those that it takes are seen with the next sign of life.
  await create(rig, a);
  await rig.clock.advance(30_000);
  const full = refusal((await Promise.allSettled([create(rig, b, "two")]))[0]);
  assert.equal(full.code, "no_capacity");
});

Deno.test("a full worker says so itself, and the session is made at another", async () => {
  await using rig = new Replicas();
  const [a, b] = rig.all as [Replica, Replica];
  const worker = await rig.worker("w1", { capacity: 10 });
  worker.executor.answer("session.open", {
    ok: false,
    code: "no_capacity",
    message: "this worker has its sessions",
  });
  await rig.worker("w2", { capacity: 9 });
  assert.equal((await create(rig, a)).workerId, "w2");
  assert.equal((await say(rig, b)).session.workerId, "w2");
});

Deno.test("what one coordinator has ended, and its worker was not told, the other one tells it", async () => {
  await using rig = new Replicas();
  const [a, b] = rig.all as [Replica, Replica];
  const worker = await rig.worker("w1");
  await create(rig, a);
  worker.cut(1);
  await rig.clock.advance(TIMEOUT + 30_000);
  await b.sessions.close(OWNER, "one", rig.signal);
  assert.equal(worker.executor.load().sessions.length, 1);
  await rig.clock.advance(TIMEOUT);
  assert.deepEqual(worker.executor.load().sessions, []);
  assert.deepEqual(a.registry.list().map(({ sessions }) => sessions), [0]);
});

Deno.test("the gauge of sessions is of the whole store, at every coordinator", async () => {
  await using rig = new Replicas();
  await rig.worker("w1");
  await create(rig, rig.all[0]!);
  await rig.clock.advance(10_000);
  assert.equal(await rig.metric("coordinator_sessions_active"), 2, "1 at each of both");
  await rig.all[0]!.sessions.close(OWNER, "one", rig.signal);
  await rig.clock.advance(10_000);
  assert.equal(await rig.metric("coordinator_sessions_active"), 0);
});

Deno.test("sessions of the other coordinator are no strangers", async () => {
  await using rig = new Replicas();
  const [a, b] = rig.all as [Replica, Replica];
  const worker = await rig.worker("w1");
  const { id } = await create(rig, a);
  await rig.clock.advance(120_000);
  assert.equal(await stateOf(rig, id), "ready");
  assert.deepEqual(worker.executor.tasks.map(({ operation }) => operation), ["session.open"]);
  assert.deepEqual(b.registry.list().map(({ sessions }) => sessions), [1]);
});

Deno.test("a session on shared storage stays while the other coordinator hears its worker, and moves when nobody does", async () => {
  await using rig = new Replicas();
  const [a, b] = rig.all as [Replica, Replica];
  const shared = { sharedStorage: "nfs" };
  const worker = await rig.worker("w1", shared);
  const { id } = await create(rig, a);
  const second = await rig.worker("w2", shared);
  worker.cut(1);
  await rig.clock.advance(2 * TIMEOUT);
  assert.equal(refusal(await passing(rig, say(rig, b), 16_000)).code, "unavailable");
  assert.equal((await say(rig, a)).session.workerId, "w1");
  await worker.stop();
  rig.forget(worker);
  const moved = await Promise.all([say(rig, a), say(rig, b)]);
  assert.deepEqual(moved.map(({ session }) => session.workerId), ["w2", "w2"]);
  assert.equal(await rig.metric("coordinator_sessions_moved_total"), 1);
  assert.deepEqual(second.executor.load().sessions, [id]);
});

Deno.test("a session that was closed at its new worker by a coordinator that did not know yet is opened again", async () => {
  await using rig = new Replicas();
  const [a, b] = rig.all as [Replica, Replica];
  const worker = await rig.worker("w1", { sharedStorage: "nfs" });
  const { id } = await create(rig, a);
  worker.executor.answer(
    "echo",
    { ok: false, code: "session_ended", message: "this worker has no such session" },
    { ok: true, output: { message: "hi" } },
  );
  const [answer] = await Promise.all([say(rig, b), rig.clock.advance(1_000)]);
  assert.deepEqual([answer.session.id, answer.session.workerId], [id, "w1"]);
  const opens = worker.executor.tasks.filter(({ operation }) => operation === "session.open");
  assert.deepEqual(opens.map(({ input }) => input["existing"]), [false, true]);
});

Deno.test("a session that a killed coordinator was making is over soon, and its name is free", async () => {
  await using rig = new Replicas();
  const [a, b] = rig.all as [Replica, Replica];
  const worker = await rig.worker("w1");
  const held = worker.executor.hold("session.open");
  const making = create(rig, a, "default");
  making.catch(() => {});
  await held;
  await rig.kill(0);
  const [made] = await rig.store.list({ owner: OWNER.id }, rig.signal);
  assert.equal(made?.state, "creating");
  await rig.clock.advance(60_000);
  const waiting = Promise.allSettled([say(rig, b, "default")]);
  await rig.clock.advance(60_000);
  const [first] = await waiting;
  assert.match(refusal(first).message, /coordinator went away while it made this session/);
  assert.equal((await say(rig, b, "default")).session.state, "ready");
});

Deno.test("a session that takes long to be made is not taken for abandoned", async () => {
  await using rig = new Replicas({ settings: { openTimeoutMs: 290_000 } });
  const [a, b] = rig.all as [Replica, Replica];
  const worker = await rig.worker("w1");
  const held = worker.executor.hold("session.open");
  const making = create(rig, a);
  const { release } = await held;
  const used = say(rig, b);
  await rig.clock.advance(280_000);
  await b.sessions.cleanUp(rig.signal);
  release({ ok: true, output: { isolation: "full" } });
  const [session] = await Promise.all([making, rig.clock.advance(2_000)]);
  assert.deepEqual([session.state, (await used).session.id], ["ready", session.id]);
});

Deno.test("clocks that are seconds apart end no session early", async () => {
  await using rig = new Replicas({ skews: [0, 4_000] });
  const [a, b] = rig.all as [Replica, Replica];
  await rig.worker("w1");
  const { id } = await a.sessions.create(OWNER, { name: "one", ttlMs: 3_000 }, rig.options);
  await b.sessions.cleanUp(rig.signal);
  assert.equal((await say(rig, b)).session.id, id);
  await b.sessions.cleanUp(rig.signal);
  assert.equal((await say(rig, a)).session.id, id);
  await rig.clock.advance(20_000);
  assert.equal((await b.sessions.get(OWNER, id, rig.signal)).state, "expired");
});

Deno.test("a task that runs when its session is closed at the other coordinator is told so", async () => {
  await using rig = new Replicas();
  const [a, b] = rig.all as [Replica, Replica];
  const worker = await rig.worker("w1");
  await create(rig, a);
  const held = worker.executor.hold("echo");
  const call = Promise.allSettled([say(rig, a)]);
  const { release } = await held;
  await b.sessions.close(OWNER, "one", rig.signal);
  release({ ok: false, code: "session_ended", message: "the session was closed" });
  assert.match(refusal((await call)[0]).message, /is over \(closed\)/);
});

Deno.test("a default session that is needed at two coordinators at once is one", async () => {
  await using rig = new Replicas();
  await rig.worker("w1");
  const call = ({ sessions }: Replica) =>
    sessions.call(OWNER, undefined, echo, { message: "hi" }, undefined, rig.options);
  const calls = Promise.all(Array.from({ length: 12 }, (_, index) => call(rig.all[index % 2]!)));
  const [answers] = await Promise.all([calls, rig.clock.advance(1_000)]);
  assert.equal(new Set(answers.map(({ session }) => session.id)).size, 1);
  assert.equal(await rig.metric("coordinator_sessions_created_total"), 1);
});

Deno.test("no owner has more sessions than allowed, wherever they are made", async () => {
  await using rig = new Replicas({ settings: { maxSessionsPerOwner: 3 } });
  await rig.worker("w1");
  const made = await Promise.allSettled(
    Array.from({ length: 10 }, (_, index) => create(rig, rig.all[index % 2]!, `s${index}`)),
  );
  assert.equal(made.filter(({ status }) => status === "fulfilled").length, 3);
  for (const result of made) if (result.status === "rejected") assert.equal(result.reason.code, "limit");
});

Deno.test("checkpoints that one coordinator has made are there at the other", async () => {
  await using rig = new Replicas();
  const [a, b] = rig.all as [Replica, Replica];
  const worker = await rig.worker("w1");
  const body = new TextEncoder().encode("an archive");
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", body)).toHex();
  worker.executor
    .answer(archivePack.name, { ok: true, output: { size: body.length, sha256, files: 1 } })
    .answer(archiveRead.name, { ok: true, output: { size: body.length }, body })
    .answer(archiveDrop.name, { ok: true, output: {} });
  await create(rig, a);
  const made = await a.sessions.checkpoint(OWNER, "one", rig.options);
  assert.deepEqual(await b.sessions.checkpoints(OWNER, rig.signal), [made]);
});

Deno.test("a session of another coordinator's embedded worker is told to be out of reach here", async () => {
  await using rig = new Replicas();
  const [a, b] = rig.all as [Replica, Replica];
  const worker = await rig.worker("embedded-host-0a1b2c");
  worker.cut(1);
  await create(rig, a);
  await rig.clock.advance(TIMEOUT + 30_000);
  const error = refusal(await passing(rig, say(rig, b), 16_000));
  assert.match(error.message, /is part of another coordinator's process.*coder-k8s worker/);
});

Deno.test("a worker and its only coordinator that were started again together: its sessions are over at once", async () => {
  await using rig = new Replicas({ skews: [0] });
  const before = await rig.worker("w1", { incarnation: newIncarnation(START) });
  const { id } = await create(rig, rig.all[0]!);
  await rig.kill(0);
  rig.forget(before);
  rig.restart(0);
  // The store still says that the old process was heard a moment ago.
  await rig.worker("w1", { incarnation: newIncarnation(START + MACHINES_APART_MS + 1) });
  await until(async () => await stateOf(rig, id) === "failed");
  assert.match((await rig.store.get(id, rig.signal))!.reason, /w1 was started again/);
});

Deno.test("an old process of a worker that comes late ends no session of the one after it", async () => {
  await using rig = new Replicas();
  await rig.worker("w1");
  const after = rig.begin("w1");
  after.cut(0);
  await rig.untilThere(after, 1);
  const { id, incarnation } = await create(rig, rig.all[1]!);
  assert.equal(incarnation, after.hello.incarnation);
  await rig.kill(0);
  rig.restart(0);
  after.cut(0);
  const [a] = rig.all as [Replica];
  await until(() => a.registry.find("w1") !== undefined);
  await rig.clock.advance(1_000);
  assert.notEqual(a.registry.find("w1")!.hello.incarnation, incarnation);
  assert.equal(await stateOf(rig, id), "ready");
});

Deno.test("a session that another coordinator has just moved is not moved again", async () => {
  await using rig = new Replicas();
  const [a, b] = rig.all as [Replica, Replica];
  const shared = { sharedStorage: "nfs" };
  const first = await rig.worker("w1", shared);
  await create(rig, a);
  await first.vanish();
  rig.forget(first);
  await rig.clock.advance(TIMEOUT + 30_000);
  const second = rig.begin("w2", { ...shared, capacity: 1_000 });
  second.cut(1);
  await rig.untilThere(second, 0);
  const third = rig.begin("w3", shared);
  await rig.untilThere(third, 1);
  // While this one is on its way to the move, the other one does it.
  const isHeard = rig.sightings.isHeard.bind(rig.sightings);
  rig.sightings.isHeard = async (worker, signal) => {
    rig.sightings.isHeard = isHeard;
    assert.equal((await say(rig, a)).session.workerId, "w2");
    return await isHeard(worker, signal);
  };
  const error = refusal(await passing(rig, say(rig, b), 16_000));
  assert.match(error.message, /worker w2.*another coordinator/);
  assert.equal((await say(rig, a)).session.workerId, "w2");
  assert.deepEqual(third.executor.tasks, []);
  assert.equal(await rig.metric("coordinator_sessions_moved_total"), 1);
});

Deno.test("what is heard is told when it is news, and all of it again after the store was away", async () => {
  await using rig = new Replicas({ skews: [0] });
  const told: (readonly string[])[] = [];
  const heard = rig.sightings.heard.bind(rig.sightings);
  rig.sightings.heard = async (workers, forMs, signal) => {
    told.push(workers.map(({ id }) => id).toSorted());
    assert.equal(forMs, TIMEOUT);
    await heard(workers, forMs, signal);
  };
  await rig.worker("w1");
  await rig.worker("w2");
  await rig.worker("workspaces");
  assert.deepEqual(told, [["w1"], ["w2"]], "at once");
  await rig.clock.advance(29_000);
  assert.equal(told.length, 2, "nothing new");
  await rig.clock.advance(2_000);
  assert.deepEqual(told.slice(2), [["w1", "w2"]], "signs of life");
  const isHeard = rig.sightings.isHeard.bind(rig.sightings);
  rig.sightings.isHeard = () => Promise.reject(new SessionError("unavailable", "it does not answer"));
  await rig.clock.advance(10_000);
  Object.assign(rig.sightings, { isHeard });
  told.length = 0;
  await rig.clock.advance(10_000);
  assert.deepEqual(told, [["w1", "w2"]], "without a new sign of life");
});
