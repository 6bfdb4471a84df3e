import assert from "node:assert/strict";
import { silentLogger } from "../../telemetry/logger.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { IDLE_LOAD, MockExecutor } from "../testing/mock_executor.ts";
import { mockHello } from "../testing/mock_worker.ts";
import { grpcRig, testKeys, testToken } from "./grpc_testing.ts";
import { WorkerHub } from "./hub.ts";
import { createWorkerServer } from "./server.ts";
import { aTask, never, Witness } from "./testing.ts";
import { mintWorkerToken, parseWorkerKeys } from "./worker_tokens.ts";

Deno.test("a worker registers, carries a task out, tells events, and drains", async () => {
  await using rig = await grpcRig();
  const executor = new MockExecutor().answer("fs.read", ({ task, tell }) => {
    tell({ kind: "output", stream: "stderr", text: "reading" });
    tell({ kind: "progress", done: 1, total: 2, message: "half" });
    return { ok: true, output: { got: task.input }, body: task.body };
  });
  const worker = rig.worker({ executor, hello: { labels: { gpu: "yes" }, capacity: 3 } });
  const connection = await rig.witness.worker();
  assert.equal(connection.id, "w1");
  assert.deepEqual([connection.hello.labels, connection.hello.capacity], [{ gpu: "yes" }, 3]);
  await rig.witness.until(() => connection.isConnected);
  const events: string[] = [];
  const body = new Uint8Array([0, 1, 255]);
  const task = aTask({ operation: "fs.read", body, traceparent: "00-aa-bb-01" });
  const outcome = await connection.run(task, {
    signal: never,
    onEvent: ({ kind }) => void events.push(kind),
  });
  assert.deepEqual(outcome, { ok: true, output: { got: task.input }, body });
  assert.deepEqual(events, ["output", "progress"]);
  assert.deepEqual(executor.tasks, [task]);
  await worker.drain();
  assert.equal(rig.witness.news.at(-1), "left w1: it has finished, and was stopped");
  assert.ok(rig.witness.news.includes("w1 connected, draining"));
});

Deno.test("a failure arrives as it was told, and a cancellation reaches the worker", async () => {
  await using rig = await grpcRig();
  const executor = new MockExecutor().answer("fs.read", {
    ok: false,
    code: "not_found",
    message: "no such file",
  });
  rig.worker({ executor });
  const connection = await rig.witness.worker();
  assert.deepEqual(await connection.run(aTask({ operation: "fs.read" }), { signal: never }), {
    ok: false,
    code: "not_found",
    message: "no such file",
  });
  const held = executor.hold("run.command");
  const stop = new AbortController();
  const outcome = connection.run(aTask({ operation: "run.command" }), { signal: stop.signal });
  const { signal } = await held;
  const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
  stop.abort(new Error("enough"));
  await assert.rejects(outcome, { message: "enough" });
  await aborted;
});

Deno.test("without a token that is good nothing is answered", async () => {
  await using rig = await grpcRig();
  const otherKeys = parseWorkerKeys("another key, of another coordinator altogether");
  const others = await mintWorkerToken(otherKeys, { workerId: "w1", ttlMs: 60_000, now: Date.now() });
  const old = await testToken("w1", Date.now() - 7_200_000);
  for (
    const [token, message] of [[others, /does not have/], [old, /has expired/], ["a b", /there is none/], [
      "x",
      /cannot be read/,
    ]] as const
  ) {
    const door = rig.door({ token: () => token });
    const calls = [
      door.register(mockHello(), IDLE_LOAD, never),
      door.heartbeat("r", IDLE_LOAD, false, never),
      door.deregister("r", 0, "", never),
      (async () => {
        const open = await door.dial(never);
        throw await new Promise((resolve) =>
          open({ registration: "r", lastTaken: 0 }, {
            opened() {},
            message() {},
            drained() {},
            closed: resolve,
          })
        );
      })(),
    ];
    // All at once: one that is refused first would wait for somebody to hear of it.
    await Promise.all(
      calls.map((call) => assert.rejects(call, { name: "WireError", code: "unauthenticated", message })),
    );
    door.close();
  }
  await assert.rejects(rig.door({ token: () => "" }).register(mockHello(), IDLE_LOAD, never), {
    code: "unauthenticated",
  });
  await assert.rejects(rig.worker({}, { token: () => others }).ended, { code: "unauthenticated" });
  assert.deepEqual(rig.witness.news, []);
});

Deno.test("what a worker says of itself is refused where it cannot be so", async () => {
  await using rig = await grpcRig();
  await assert.rejects(rig.worker({ hello: { labels: { "not a label": "x" } } }).ended, {
    code: "invalid",
    message: /what the worker says of itself cannot be so: labels/,
  });
  await assert.rejects(rig.door().heartbeat("unknown", IDLE_LOAD, false, never), {
    code: "unknown_registration",
  });
  await rig.door().deregister("unknown", 0, "", never);
});

Deno.test("a second process of the same token takes the place of the first, which ends", async () => {
  await using rig = await grpcRig();
  const first = rig.worker();
  await rig.witness.worker();
  await rig.witness.until(() => rig.witness.news.includes("w1 connected"));
  const second = rig.worker();
  await assert.rejects(first.ended, {
    code: "superseded",
    message: /another process has registered as worker w1/,
  });
  const connection = await rig.witness.worker(2);
  assert.equal((await connection.run(aTask(), { signal: never })).ok, true);
  assert.equal(second.executor.tasks.length, 1);
});

Deno.test("what is larger than a message may be is refused in both directions, and the stream goes on", async () => {
  await using rig = await grpcRig({ maxMessageBytes: 100_000 });
  const body = new Uint8Array(100_000);
  const executor = new MockExecutor().answer("fs.read", { ok: true, output: {}, body });
  rig.worker({ executor }, { maxMessageBytes: 100_000 });
  const connection = await rig.witness.worker();
  const codes: unknown[] = [];
  for (const task of [aTask({ body }), aTask({ operation: "fs.read" }), aTask()]) {
    const outcome = await connection.run(task, { signal: never });
    codes.push(outcome.ok ? "ok" : outcome.code);
  }
  assert.deepEqual(codes, ["limit", "limit", "ok"]);
  assert.equal(rig.witness.joinedWorkers.length, 1);
});

Deno.test("bodies of 8 MiB pass", async () => {
  await using rig = await grpcRig();
  const body = crypto.getRandomValues(new Uint8Array(65_536));
  const large = new Uint8Array(8 * 2 ** 20);
  for (let at = 0; at < large.length; at += body.length) large.set(body, at);
  const executor = new MockExecutor().answer(
    "fs.read",
    ({ task }) => ({ ok: true, output: {}, body: task.body }),
  );
  rig.worker({ executor });
  const connection = await rig.witness.worker();
  const outcome = await connection.run(aTask({ operation: "fs.read", body: large }), { signal: never });
  assert.ok(outcome.ok && outcome.body !== undefined);
  assert.deepEqual(outcome.body, large);
});

Deno.test("a stream ends with its token, and goes on with a new one", async () => {
  const clock = new FakeClock();
  const start = Date.now();
  const now = () => start + clock.now();
  await using rig = await grpcRig({ clock, now });
  const tokens: number[] = [];
  rig.worker({}, {
    token: () => {
      tokens.push(clock.now());
      return testToken("w1", now(), 60_000);
    },
  });
  const connection = await rig.witness.worker();
  await rig.witness.until(() => connection.isConnected);
  const asked = tokens.length;
  await clock.advance(91_000);
  await rig.witness.until(() => rig.witness.news.filter((line) => line === "w1 connected").length === 2);
  assert.ok(tokens.length > asked);
  assert.equal(rig.witness.joinedWorkers.length, 1, "nothing is lost");
});

Deno.test("plain text is for loopback alone, unless that is wanted", async () => {
  const hub = new WorkerHub({ listener: new Witness(), log: silentLogger });
  const make = (hostname: string, port = 0, allowInsecure = false) =>
    createWorkerServer({
      hub,
      address: { hostname, port },
      keys: () => testKeys,
      log: silentLogger,
      allowInsecure,
    });
  await assert.rejects(make("0.0.0.0").listen(never), /0\.0\.0\.0:0 is not loopback.*--grpc-insecure/s);
  const open = make("0.0.0.0", 0, true);
  await open.listen(never);
  assert.ok(open.port > 0);
  await assert.rejects(
    make("127.0.0.1", open.port).listen(never),
    /Cannot listen on 127\.0\.0\.1:\d+ for workers/,
  );
  await open.close();
  const local = make("localhost");
  await assert.rejects(local.listen(AbortSignal.abort(new Error("enough"))), { message: "enough" });
  await local.listen(never);
  await local.close();
});

Deno.test("a worker is bound by its token alone, and is taken only as what it is bound to", async () => {
  await using rig = await grpcRig();
  const binding = {
    workspaceId: "11111111-2222-4333-8444-555555555555",
    ownerId: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
  };
  const bound = await mintWorkerToken(testKeys, { binding, ttlMs: 60_000, now: Date.now() });
  const told = { token: () => bound };
  await assert.rejects(rig.worker({ hello: { isolation: "full" } }, told).ended, {
    code: "invalid",
    message: /--in-workspace/,
  });
  await assert.rejects(rig.worker({ hello: { isolation: "workspace", sharedStorage: "nfs" } }, told).ended, {
    code: "invalid",
  });
  await assert.rejects(rig.worker({ hello: { isolation: "workspace" } }).ended, {
    code: "invalid",
    message: /bound to none/,
  });
  assert.deepEqual(rig.witness.news, []);
  rig.worker({ hello: { isolation: "workspace" } }, told);
  const connection = await rig.witness.worker();
  assert.deepEqual([connection.id, connection.binding], [`ws-${binding.workspaceId}`, binding]);
  await rig.witness.until(() => connection.isConnected);
});
