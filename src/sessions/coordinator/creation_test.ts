import assert from "node:assert/strict";
import { echo } from "../operations.ts";
import { SessionError, STANDARD_LIMITS } from "../types.ts";
import { settle } from "../../telemetry/testing/fake_clock.ts";
import { OTHER, OWNER, Rig, until } from "./testing.ts";

const opened = { ok: true, output: { isolation: "full" } } as const;
const refused = (code: "no_capacity" | "failed" | "invalid", message = "no") =>
  ({ ok: false, code, message }) as const;

Deno.test("a name is there once among a caller's open sessions", async () => {
  await using rig = new Rig();
  await rig.worker("w1");
  await rig.sessions.create(OWNER, { name: "one" }, rig.options);
  await assert.rejects(rig.sessions.create(OWNER, { name: "one" }, rig.options), {
    code: "conflict",
    message: /named one already: use it, close it, or take another name/,
  });
  await rig.sessions.create(OTHER, { name: "one" }, rig.options);
  await rig.sessions.close(OWNER, "one", rig.signal);
  await rig.sessions.create(OWNER, { name: "one" }, rig.options);
  assert.deepEqual(rig.registry.list().map(({ sessions }) => sessions), [2]);
});

Deno.test("without a name it gets one", async () => {
  await using rig = new Rig();
  await rig.worker("w1");
  const { name } = await rig.sessions.create(OWNER, {}, rig.options);
  assert.match(name, /^session-[a-z2-7]{8}$/);
});

Deno.test("what cannot be is refused before anything is made", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  const wrong = [
    [{ name: "sess-abcdefghijklmnop" }, "invalid", /names that begin with sess- are ids/],
    [{ name: "Upper" }, "invalid", /cannot be named "Upper"/],
    [{ name: "" }, "invalid", /cannot be named/],
    [{ name: "-a" }, "invalid", /cannot be named/],
    [{ name: "x".repeat(64) }, "invalid", /cannot be named/],
    [{ labels: { "a b": "c" } }, "invalid", /labels of a session/],
    [{ metadata: { a: "x".repeat(4_097) } }, "invalid", /metadata of a session/],
    [{ ttlMs: 86_400_001 }, "limit", /86400 s without calls at most, not 86401 s/],
    [{ ttlMs: 10 }, "invalid", /at least 1 s/],
    [
      { limits: { memoryBytes: 2 ** 40, processes: 1_000 } },
      "limit",
      /memoryBytes 2147483648 .*processes 256/,
    ],
    [{ limits: { processes: 1 } }, "invalid", /limits of a session cannot be so: processes/],
    [{ limits: { cpuMs: NaN } }, "invalid", /cpuMs/],
    [{ checkpoint: "ckpt-aaaaaaaaaaaaaaaa" }, "not_found", /you have no checkpoint/],
    [{ checkpoint: "../../etc" }, "not_found", /you have no checkpoint/],
  ] as const;
  for (const [request, code, message] of wrong) {
    await assert.rejects(rig.sessions.create(OWNER, request, rig.options), { code, message });
  }
  assert.deepEqual(await rig.sessions.list(OWNER, { ended: true }, rig.signal), []);
  assert.deepEqual(worker.operations(), []);
});

Deno.test("limits that are not said are the usual ones, within what is allowed", async () => {
  const maxLimits = { ...STANDARD_LIMITS, memoryBytes: 2 ** 30, diskBytes: 2 ** 40 };
  await using rig = new Rig({ settings: { maxLimits } });
  const worker = await rig.worker("w1");
  const limits = { processes: 64, cpuMs: undefined, diskBytes: 2 ** 40 };
  const record = await rig.sessions.create(OWNER, { limits }, rig.options);
  const expected = { ...STANDARD_LIMITS, memoryBytes: 2 ** 30, processes: 64, diskBytes: 2 ** 40 };
  assert.deepEqual(record.limits, expected);
  assert.deepEqual(worker.executor.tasks[0]?.input, { limits: expected, existing: false });
});

Deno.test("a caller has no more open sessions than allowed, even at once", async () => {
  await using rig = new Rig({ settings: { maxSessionsPerOwner: 3 } });
  await rig.worker("w1");
  const create = () => rig.sessions.create(OWNER, {}, rig.options);
  const results = await Promise.allSettled(Array.from({ length: 8 }, create));
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 3);
  await assert.rejects(create(), {
    code: "limit",
    message: /you have 3 open sessions, and may have 3: close one/,
  });
  await rig.sessions.create(OTHER, {}, rig.options);
  const [one] = await rig.sessions.list(OWNER, {}, rig.signal);
  await rig.sessions.close(OWNER, one!.id, rig.signal);
  await create();
});

Deno.test("many at once never fill a worker beyond its capacity", async () => {
  await using rig = new Rig();
  const workers = [await rig.worker("w1", { capacity: 3 }), await rig.worker("w2", { capacity: 2 })];
  const create = () => rig.sessions.create(OWNER, {}, rig.options);
  const results = await Promise.allSettled(Array.from({ length: 9 }, create));
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 5);
  for (const result of results) {
    if (result.status === "rejected") {
      assert.equal(result.reason.code, "no_capacity");
      assert.match(result.reason.message, /no worker can take the session: of 2 worker\(s\): 2 full/);
    }
  }
  assert.deepEqual(workers.map((worker) => worker.executor.load().sessions.length), [3, 2]);
  const failed = (await rig.sessions.list(OWNER, { ended: true }, rig.signal)).filter(({ state }) =>
    state === "failed"
  );
  assert.equal(failed.length, 4);
  assert.match(failed[0]!.reason, /2 full/);
});

Deno.test("where one worker fails, another is tried, and the first is told to forget it", async () => {
  await using rig = new Rig();
  const [bad, good] = [await rig.worker("w1"), await rig.worker("w2", { capacity: 10 })];
  bad.executor.answer("session.open", refused("failed", "the kernel said no"));
  const record = await rig.sessions.create(OWNER, { name: "one" }, rig.options);
  assert.equal(record.workerId, "w2");
  assert.equal(record.incarnation, good.mock.hello.incarnation);
  await until(() => bad.operations().length === 2);
  assert.deepEqual(bad.operations(), ["session.open", "session.close"]);
  assert.deepEqual(rig.registry.list().map(({ sessions }) => sessions), [0, 1]);
  assert.equal(await rig.metric("coordinator_worker_errors_total", 'reason="failed"'), 1);
});

Deno.test("where all fail, the last failure is told, the name is free and no place is taken", async () => {
  await using rig = new Rig();
  for (const id of ["w1", "w2", "w3", "w4"]) {
    const worker = await rig.worker(id);
    worker.executor.answer("session.open", refused("no_capacity", `${id} has no disk`));
  }
  await assert.rejects(rig.sessions.create(OWNER, { name: "one" }, rig.options), {
    code: "no_capacity",
    message: "w3 has no disk",
  });
  const [record] = await rig.sessions.list(OWNER, { ended: true }, rig.signal);
  assert.deepEqual([record?.state, record?.reason], ["failed", "w3 has no disk"]);
  await until(() => rig.registry.list().every(({ sessions }) => sessions === 0));
  assert.equal(await rig.metric("coordinator_sessions_ended_total", 'reason="create_failed"'), 1);
});

Deno.test("where only one fails and there is no other, its failure is told rather than that", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  worker.executor.answer("session.open", refused("failed", "the kernel said no"));
  await assert.rejects(rig.sessions.create(OWNER, {}, rig.options), { message: "the kernel said no" });
});

Deno.test("a worker that is lost while it makes a session is one that failed", async () => {
  await using rig = new Rig();
  const [first, second] = [await rig.worker("w1"), await rig.worker("w2", { capacity: 10 })];
  const opening = first.executor.hold("session.open");
  const creating = rig.sessions.create(OWNER, {}, rig.options);
  await opening;
  await first.mock.vanish();
  await rig.worker("w1", { capacity: 10 });
  const record = await creating;
  assert.equal(record.workerId, "w2");
  assert.deepEqual(second.operations(), ["session.open"]);
});

Deno.test("a worker's answer that is none makes no session", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  worker.executor.answer("session.open", { ok: true, output: { isolation: "of course" } });
  await assert.rejects(rig.sessions.create(OWNER, {}, rig.options), {
    code: "failed",
    message: /worker w1 answered session.open in a way that this coordinator does not understand \(isolation/,
  });
});

Deno.test("without a worker it waits a while for one", async () => {
  await using rig = new Rig();
  const creating = rig.sessions.create(OWNER, {}, rig.options);
  await rig.clock.advance(5_000);
  await rig.worker("w1");
  assert.equal((await creating).workerId, "w1");
});

Deno.test("without a worker for too long it says what is missing", async () => {
  await using rig = new Rig();
  const creating = rig.sessions.create(OWNER, {}, rig.options);
  const rejected = assert.rejects(creating, {
    code: "no_capacity",
    message: "no worker can take the session: no worker is registered: start one, or wait until it is back",
  });
  await rig.clock.advance(15_000);
  await rejected;
});

Deno.test("labels of workers choose among them", async () => {
  await using rig = new Rig();
  await rig.worker("w1");
  await rig.worker("w2", { labels: { gpu: "yes" } });
  const create = (workerLabels: Record<string, string>) =>
    rig.sessions.create(OWNER, { workerLabels }, rig.options);
  assert.equal((await create({ gpu: "yes" })).workerId, "w2");
  await assert.rejects(create({ gpu: "two" }), {
    code: "no_capacity",
    message: /2 without the labels that were asked for/,
  });
});

Deno.test("whoever gives up while a session is made leaves none", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  const opening = worker.executor.hold("session.open");
  const stop = new AbortController();
  const creating = rig.sessions.create(OWNER, { name: "one" }, { signal: stop.signal });
  const { signal } = await opening;
  stop.abort(new Error("enough"));
  await assert.rejects(creating, { message: "enough" });
  assert.equal(signal.aborted, true);
  await until(() => rig.registry.list()[0]?.sessions === 0);
  const [record] = await rig.sessions.list(OWNER, { ended: true }, rig.signal);
  assert.deepEqual([record?.state, record?.reason], ["failed", "enough"]);
  await rig.sessions.create(OWNER, { name: "one" }, rig.options);
});

Deno.test("a session that does not get ready in time is given up", async () => {
  await using rig = new Rig({ settings: { taskTimeoutMs: 20_000, openTimeoutMs: 60_000 } });
  const worker = await rig.worker("w1");
  void worker.executor.hold("session.open");
  const creating = rig.sessions.create(OWNER, { name: "slow" }, rig.options);
  const rejected = assert.rejects(creating, {
    code: "deadline",
    message: "session slow was not ready within 20 s: try again",
  });
  await rig.clock.advance(20_000);
  await rejected;
});

Deno.test("one that is closed while it is made does not come to be", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  const opening = worker.executor.hold("session.open");
  const creating = rig.sessions.create(OWNER, { name: "one" }, rig.options);
  const { release } = await opening;
  const closing = rig.sessions.close(OWNER, "one", rig.signal);
  const rejected = assert.rejects(creating, { code: "session_ended", message: /is over \(closed\)/ });
  await settle();
  release(opened);
  await rejected;
  assert.equal((await closing).state, "closed");
  await until(() => worker.executor.load().sessions.length === 0 && rig.registry.list()[0]?.sessions === 0);
});

Deno.test("a call to a session that is being made waits for it, here and at another coordinator", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  const opening = worker.executor.hold("session.open");
  const creating = rig.sessions.create(OWNER, { name: "one" }, rig.options);
  const { release } = await opening;
  const answers = [rig.sessions, rig.another()].map((service) =>
    service.call(OWNER, "one", echo, { message: "hi" }, undefined, rig.options)
  );
  await rig.clock.advance(500);
  assert.deepEqual(worker.operations(), ["session.open"]);
  release(opened);
  await creating;
  await rig.clock.advance(1_000);
  assert.deepEqual((await Promise.all(answers)).map(({ output }) => output.message), ["hi", "hi"]);
});

Deno.test("a call to a session that fails to be made is told why", async () => {
  await using rig = new Rig();
  const worker = await rig.worker("w1");
  const opening = worker.executor.hold("session.open");
  const creating = rig.sessions.create(OWNER, { name: "one" }, rig.options);
  const { release } = await opening;
  const call = rig.sessions.call(OWNER, "one", echo, { message: "hi" }, undefined, rig.options);
  release(refused("invalid", "no such limits"));
  await assert.rejects(creating, (error) => error instanceof SessionError && error.code === "invalid");
  await assert.rejects(call, { code: "session_ended", message: /over \(failed\): no such limits/ });
});

Deno.test("of a caller who makes and closes sessions without end the last ones are remembered", async () => {
  await using rig = new Rig();
  await rig.worker("w1");
  const kept = await rig.sessions.create(OWNER, { name: "kept" }, rig.options);
  const others = await rig.sessions.create(OTHER, {}, rig.options);
  await rig.sessions.close(OTHER, others.id, rig.signal);
  const ids: string[] = [];
  for (let count = 0; count < 230; count++) {
    await rig.clock.advance(1);
    const { id } = await rig.sessions.create(OWNER, { name: "one" }, rig.options);
    await rig.sessions.close(OWNER, id, rig.signal);
    ids.push(id);
  }
  const found = await rig.sessions.list(OWNER, { ended: true }, rig.signal);
  assert.deepEqual(found.map(({ id }) => id), [...ids.slice(-200).reverse(), kept.id]);
  await assert.rejects(rig.sessions.get(OWNER, ids[0]!, rig.signal), { code: "not_found" });
  assert.equal((await rig.sessions.get(OTHER, others.id, rig.signal)).state, "closed");
});
