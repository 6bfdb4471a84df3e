import assert from "node:assert/strict";
import { echo, fsWrite, sessionClose, sessionUsage } from "../operations.ts";
import { MemorySessionStore } from "../store/memory_store.ts";
import { settle } from "../../telemetry/testing/fake_clock.ts";
import { OTHER, OWNER, Rig, START, until } from "./testing.ts";

Deno.test("a session is made at a worker, used, found by id and by name, and closed", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  const { sessions, options, signal } = rig;
  const made = await sessions.create(OWNER, { name: "one", labels: { team: "a" } }, options);
  assert.match(made.id, /^sess-[a-z2-7]{16}$/);
  assert.deepEqual(
    [made.state, made.workerId, made.isolation, made.ownerName, made.expiresAt],
    ["ready", "w1", "namespaces", "Ann", START + 1_800_000],
  );
  assert.deepEqual(await sessions.get(OWNER, "one", signal), made);
  assert.deepEqual(await sessions.get(OWNER, made.id, signal), made);
  assert.deepEqual(await sessions.list(OWNER, { labels: { team: "a" } }, signal), [made]);
  const answer = await sessions.call(OWNER, "one", echo, { message: "hi" }, undefined, options);
  assert.deepEqual([answer.output.message, answer.session.id], ["hi", made.id]);
  const closed = await sessions.close(OWNER, made.id, signal);
  assert.equal(closed.state, "closed");
  assert.deepEqual(await sessions.close(OWNER, made.id, signal), closed);
  assert.deepEqual(await sessions.list(OWNER, {}, signal), []);
  assert.deepEqual((await sessions.list(OWNER, { ended: true }, signal)).map(({ id }) => id), [made.id]);
  assert.deepEqual(worker.operations(), ["session.open", "echo", "session.close"]);
  await assert.rejects(
    sessions.call(OWNER, "one", echo, { message: "hi" }, undefined, options),
    { code: "session_ended", message: /one \(sess-\w+\) is over \(closed\): create a new one/ },
  );
});

Deno.test("another's session is not found, whatever is asked of it", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  const { sessions, options, signal } = rig;
  const { id } = await sessions.create(OWNER, { name: "one" }, options);
  const checkpoint = "ckpt-aaaaaaaaaaaaaaaa";
  for (const ref of [id, "one"]) {
    const calls = [
      sessions.get(OTHER, ref, signal),
      sessions.extend(OTHER, ref, 60_000, signal),
      sessions.annotate(OTHER, ref, { labels: { a: "b" } }, signal),
      sessions.close(OTHER, ref, signal),
      sessions.checkpoint(OTHER, ref, options),
      sessions.restore(OTHER, ref, checkpoint, options),
      sessions.call(OTHER, ref, echo, { message: "hi" }, undefined, options),
    ];
    for (const result of await Promise.allSettled(calls)) {
      assert.equal(result.status, "rejected");
      assert.equal(result.reason.code, "not_found");
    }
  }
  assert.deepEqual(await sessions.list(OTHER, { ended: true }, signal), []);
  assert.equal((await sessions.get(OWNER, "one", signal)).state, "ready");
  assert.deepEqual(worker.operations(), ["session.open"]);
});

Deno.test("what cannot be found says where to look", async () => {
  await using rig = new Rig();
  await assert.rejects(rig.sessions.get(OWNER, "nope", rig.signal), {
    code: "not_found",
    message: 'you have no session "nope": session.list shows those that you have, session.create makes one',
  });
});

Deno.test("a session named default is made at need, by one of all who ask at once", async () => {
  const store = new MemorySessionStore();
  await using rig = new Rig({ store });
  const worker = await rig.worker("w1");
  const services = [rig.sessions, rig.another(), rig.another()];
  const calls = Array.from({ length: 12 }, (_, index) =>
    services[index % 3]!.call(
      OWNER,
      index % 2 ? undefined : "default",
      echo,
      { message: `${index}` },
      undefined,
      rig.options,
    ));
  const running = Promise.all(calls);
  await until(async () => {
    await rig.clock.advance(50);
    return worker.operations().length === 13;
  });
  const answers = await running;
  assert.equal(new Set(answers.map(({ session }) => session.id)).size, 1);
  assert.equal(answers[0]?.session.name, "default");
  assert.deepEqual(answers.map(({ output }) => output.message), calls.map((_, index) => `${index}`));
  assert.equal(worker.operations().filter((one) => one === "session.open").length, 1);
  const other = await rig.sessions.call(OTHER, undefined, echo, { message: "x" }, undefined, rig.options);
  assert.notEqual(other.session.id, answers[0]?.session.id);
});

Deno.test("whoever gives up while the default session is made does not take it from the others", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  const opening = worker.executor.hold("session.open");
  const stop = new AbortController();
  const call = (signal: AbortSignal) =>
    rig.sessions.call(OWNER, undefined, echo, { message: "hi" }, undefined, { signal });
  const [first, second] = [call(stop.signal), call(rig.signal)];
  const { release } = await opening;
  stop.abort(new Error("enough"));
  await assert.rejects(first, { message: "enough" });
  release({ ok: true, output: { isolation: "full" } });
  assert.equal((await second).session.isolation, "full");
});

Deno.test("a default session that is over is followed by a new one", async () => {
  await using rig = new Rig();
  await rig.worker("w1");
  const call = () => rig.sessions.call(OWNER, undefined, echo, { message: "hi" }, undefined, rig.options);
  const first = await call();
  await rig.sessions.close(OWNER, "default", rig.signal);
  const second = await call();
  assert.notEqual(second.session.id, first.session.id);
  await rig.clock.advance(1_800_001);
  const third = await call();
  assert.notEqual(third.session.id, second.session.id);
  assert.equal((await rig.sessions.get(OWNER, second.session.id, rig.signal)).state, "expired");
});

Deno.test("extend sets how long it lives without calls, up to the most", async () => {
  await using rig = new Rig({ settings: { maxTtlMs: 7_200_000 } });
  await rig.worker("w1");
  await rig.sessions.create(OWNER, { name: "one" }, rig.options);
  await rig.clock.advance(60_000);
  const extended = await rig.sessions.extend(OWNER, "one", 7_200_000, rig.signal);
  assert.deepEqual([extended.ttlMs, extended.expiresAt], [7_200_000, START + 60_000 + 7_200_000]);
  const shorter = await rig.sessions.extend(OWNER, "one", 10_000, rig.signal);
  assert.equal(shorter.expiresAt, START + 70_000);
  await assert.rejects(rig.sessions.extend(OWNER, "one", 7_200_001, rig.signal), {
    code: "limit",
    message: /7200 s without calls at most, not 7201 s/,
  });
  for (const ttlMs of [0, -1, NaN, Infinity]) {
    await assert.rejects(rig.sessions.extend(OWNER, "one", ttlMs, rig.signal), { code: "invalid" });
  }
  await rig.sessions.close(OWNER, "one", rig.signal);
  await assert.rejects(rig.sessions.extend(OWNER, "one", 10_000, rig.signal), { code: "session_ended" });
});

Deno.test("labels and metadata are changed, added and removed, by many at once", async () => {
  await using rig = new Rig();
  await rig.worker("w1");
  const labels = { a: "1", b: "2" };
  await rig.sessions.create(OWNER, { name: "one", labels, metadata: { m: "x" } }, rig.options);
  const annotate = (change: Parameters<typeof rig.sessions.annotate>[2]) =>
    rig.sessions.annotate(OWNER, "one", change, rig.signal);
  const changed = await annotate({ labels: { a: null, c: "3" }, metadata: { m: "y" } });
  assert.deepEqual([changed.labels, changed.metadata], [{ b: "2", c: "3" }, { m: "y" }]);
  await Promise.all(Array.from({ length: 10 }, (_, index) => annotate({ metadata: { [`k${index}`]: "v" } })));
  assert.equal(Object.keys((await rig.sessions.get(OWNER, "one", rig.signal)).metadata).length, 11);
  await assert.rejects(annotate({ labels: { "not a label!": "x" } }), {
    code: "invalid",
    message: /^labels of a session cannot be so: /,
  });
  await assert.rejects(annotate({ metadata: { m: "x".repeat(5_000) } }), { code: "invalid" });
  const proto = await annotate({ metadata: JSON.parse('{"__proto__":"x"}') });
  assert.equal(Object.getPrototypeOf(proto.metadata), Object.prototype);
});

Deno.test("a session ends though its worker does not answer", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  const { id } = await rig.sessions.create(OWNER, { name: "one" }, rig.options);
  await worker.mock.vanish();
  const closing = rig.sessions.close(OWNER, "one", rig.signal);
  await settle();
  await rig.clock.advance(10_000);
  assert.equal((await closing).state, "closed");
  assert.equal((await rig.sessions.get(OWNER, id, rig.signal)).state, "closed");
});

Deno.test("the coordinator's own operations are not for callers", async () => {
  await using rig = new Rig();
  await rig.worker("w1");
  const call = rig.sessions.call(OWNER, undefined, sessionClose, {}, undefined, rig.options);
  await assert.rejects(call, { code: "invalid" });
  assert.deepEqual(await rig.sessions.list(OWNER, { ended: true }, rig.signal), []);
});

Deno.test("administrators see everybody's sessions and all workers", async () => {
  await using rig = new Rig();
  await rig.worker("w2");
  const worker = await rig.worker("w1", { capacity: 5, labels: { zone: "1" } });
  const a = await rig.sessions.create(OWNER, { workerLabels: { zone: "1" } }, rig.options);
  const b = await rig.sessions.create(OTHER, { workerLabels: { zone: "1" } }, rig.options);
  const { sessions, workers } = await rig.sessions.everybody(rig.signal);
  assert.deepEqual(sessions.map(({ id }) => id).sort(), [a.id, b.id].sort());
  assert.deepEqual(workers.map(({ id, sessions }) => [id, sessions]), [["w1", 2], ["w2", 0]]);
  assert.deepEqual(workers[0]?.hello, worker.mock.hello);
  assert.equal(workers[0]?.isConnected, true);
});

Deno.test("calls are counted and logged with what they were, and how they ended", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  worker.executor.answer("fs.write", { ok: false, code: "limit", message: "the disk is full" });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const options = { ...rig.options, traceparent };
  const { session } = await rig.sessions.call(OWNER, undefined, echo, { message: "hi" }, undefined, options);
  const write = rig.sessions.call(OWNER, session.id, fsWrite, { path: "a" }, new Uint8Array(), rig.options);
  await assert.rejects(write, { code: "limit", message: "the disk is full" });
  assert.deepEqual(worker.executor.tasks[1]?.traceparent, traceparent);
  const lines = rig.kept.lines.filter(({ msg }) => msg === "a tool was called in a session");
  const fields = { session_id: session.id, workspace_id: `w1/${session.id}` };
  assert.deepEqual(lines[0], {
    msg: "a tool was called in a session",
    ...fields,
    tool_name: "echo",
    duration_ms: 0,
    success: true,
    trace_id: "0af7651916cd43dd8448eb211c80319c",
  });
  const { error, ...line } = lines[1]!;
  assert.ok(error instanceof Error);
  assert.deepEqual([line["success"], line["result"], line["session_id"]], [false, "limit", session.id]);
  const calls = "coordinator_tool_calls_total";
  assert.equal(await rig.metric(calls, 'tool="echo"', 'result="ok"'), 1);
  assert.equal(await rig.metric(calls, 'tool="fs.write"', 'result="limit"'), 1);
  assert.equal(await rig.metric("coordinator_tool_duration_seconds_count", 'tool="echo"'), 1);
  assert.equal(await rig.metric("coordinator_sessions_created_total"), 1);
  await until(async () => await rig.metric("coordinator_sessions_active") === 1);
  await rig.sessions.close(OWNER, session.id, rig.signal);
  await until(async () => await rig.metric("coordinator_sessions_active") === 0);
  assert.equal(await rig.metric("coordinator_sessions_ended_total", 'reason="closed"'), 1);
});

Deno.test("who has given up gets the reason of that, and nothing is done", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  const reason = new Error("given up");
  const signal = AbortSignal.abort(reason);
  const calls = [
    rig.sessions.create(OWNER, {}, { signal }),
    rig.sessions.get(OWNER, "one", signal),
    rig.sessions.list(OWNER, {}, signal),
    rig.sessions.call(OWNER, undefined, echo, { message: "hi" }, undefined, { signal }),
    rig.sessions.everybody(signal),
  ];
  for (const result of await Promise.allSettled(calls)) {
    assert.deepEqual(result, { status: "rejected", reason });
  }
  assert.deepEqual(worker.operations(), []);
});

Deno.test("a mistake in the store is told as one, and its text stays in the log", async () => {
  class BrokenStore extends MemorySessionStore {
    override list(): Promise<never> {
      return Promise.reject(new TypeError("at redis://user:pw@host"));
    }
  }
  await using rig = new Rig({ store: new BrokenStore() });
  await assert.rejects(rig.sessions.list(OWNER, {}, rig.signal), {
    code: "internal",
    message: "this failed at the coordinator: its log says why",
  });
  assert.equal(rig.kept.lines.at(-1)?.msg, "sessions failed in a way that they do not know");
});

Deno.test("after it was shut down nothing new is made, and sessions stay as they are", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  const { id } = await rig.sessions.create(OWNER, {}, rig.options);
  await rig.sessions.shutDown();
  await assert.rejects(rig.sessions.create(OWNER, {}, rig.options), { code: "unavailable" });
  await worker.mock.stop();
  assert.equal((await rig.store.get(id, rig.signal))?.state, "ready");
  assert.equal(rig.clock.pendingTimers, 0);
});

Deno.test("usage is asked of the worker as any operation", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  const output = { cpuMs: 1, memoryBytes: 2, diskBytes: 3, processes: [] };
  worker.executor.answer("session.usage", { ok: true, output });
  const answer = await rig.sessions.call(OWNER, undefined, sessionUsage, {}, undefined, rig.options);
  assert.deepEqual(answer.output, output);
});
