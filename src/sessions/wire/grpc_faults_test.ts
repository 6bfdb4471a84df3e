/** What becomes of tasks where the network between a worker and its coordinator fails. */
import assert from "node:assert/strict";
import { silentLogger } from "../../telemetry/logger.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { WorkerLostError } from "../link.ts";
import { MockExecutor } from "../testing/mock_executor.ts";
import { grpcRig, Network, testKeys } from "./grpc_testing.ts";
import { WorkerHub } from "./hub.ts";
import { createWorkerServer } from "./server.ts";
import { aTask, never, Witness } from "./testing.ts";

const soon = { random: () => 0.1 };

Deno.test("tasks go on while the connection is broken, and each runs once", async () => {
  await using rig = await grpcRig();
  await using network = await Network.to(rig.server.port);
  const executor = new MockExecutor();
  rig.worker({ executor, ...soon }, { url: network.url });
  const connection = await rig.witness.worker();
  await rig.witness.until(() => connection.isConnected);
  const held = executor.hold("run.command");
  const outcome = connection.run(aTask({ operation: "run.command" }), { signal: never });
  const { release } = await held;
  network.isAway = true;
  await rig.witness.until(() => !connection.isConnected);
  const waiting = connection.run(aTask(), { signal: never });
  release({ ok: true, output: { exitCode: 0 } });
  network.isAway = false;
  assert.deepEqual(await outcome, { ok: true, output: { exitCode: 0 } });
  assert.equal((await waiting).ok, true);
  assert.equal(executor.tasks.length, 2);
  assert.equal(rig.witness.joinedWorkers.length, 1);
});

Deno.test("hundreds of calls over a network that breaks again and again: none lost, none twice", async () => {
  await using rig = await grpcRig();
  await using network = await Network.to(rig.server.port);
  const ran = new Map<string, number>();
  const executor = new MockExecutor().answer("echo", ({ task }) => {
    ran.set(task.id, (ran.get(task.id) ?? 0) + 1);
    return { ok: true, output: { id: task.id }, body: task.body };
  });
  rig.worker({ executor, random: () => 0 }, { url: network.url });
  const connection = await rig.witness.worker();
  const body = new Uint8Array(20_000).fill(7);
  for (let round = 0; round < 8; round++) {
    await rig.witness.until(() => connection.isConnected);
    const tasks = Array.from({ length: 40 }, () => aTask({ body }));
    const outcomes = tasks.map((task) => connection.run(task, { signal: never }));
    // In the middle of them: after the first outcomes.
    await Promise.race(outcomes);
    network.cut();
    for (const [index, outcome] of (await Promise.all(outcomes)).entries()) {
      assert.deepEqual(outcome, { ok: true, output: { id: tasks[index]?.id }, body });
    }
  }
  assert.equal(ran.size, 320);
  assert.ok([...ran.values()].every((count) => count === 1));
  assert.ok(network.connections > 3, "it did break");
});

Deno.test("a connection that is dead without telling is found out by pings", async () => {
  await using rig = await grpcRig();
  await using network = await Network.to(rig.server.port);
  rig.worker(soon, { url: network.url, keepaliveMs: 200 });
  const connection = await rig.witness.worker();
  await rig.witness.until(() => connection.isConnected);
  network.freeze();
  const outcome = connection.run(aTask(), { signal: never });
  assert.equal((await outcome).ok, true);
  assert.ok(network.connections >= 2);
  assert.equal(rig.witness.joinedWorkers.length, 1);
});

Deno.test("a worker whose machine is gone without telling is disconnected by pings, and not lost yet", async () => {
  await using rig = await grpcRig({ keepaliveMs: 200 });
  await using network = await Network.to(rig.server.port);
  rig.worker(soon, { url: network.url });
  const connection = await rig.witness.worker();
  await rig.witness.until(() => connection.isConnected);
  network.freeze();
  await rig.witness.until(() => !connection.isConnected);
  assert.ok(!rig.witness.news.some((line) => line.startsWith("left")));
});

Deno.test("a coordinator that stands still fills no memory at the worker, and gets every outcome", async () => {
  await using rig = await grpcRig();
  await using network = await Network.to(rig.server.port);
  let dropped = 0;
  const metrics = {
    counter: () => ({ inc: (_labels?: object, value = 1) => void (dropped += value) }),
    gauge: () => ({ set() {}, inc() {}, dec() {}, remove() {} }),
    histogram: () => ({ observe() {} }),
  };
  const executor = new MockExecutor();
  rig.worker({ executor, maxEventBytes: 2 ** 20, metrics, ...soon }, { url: network.url });
  const connection = await rig.witness.worker();
  await rig.witness.until(() => connection.isConnected);
  const held = executor.hold("run.command");
  let characters = 0;
  let notes = 0;
  const outcome = connection.run(aTask({ operation: "run.command" }), {
    signal: never,
    onEvent: (event) => {
      if (event.kind === "output") characters += event.text.length;
      else notes++;
    },
  });
  const { tell, release } = await held;
  network.freeze();
  const text = "x".repeat(65_536);
  for (let count = 0; count < 400; count++) tell({ kind: "output", stream: "stdout", text });
  assert.ok(dropped > 300, `${dropped} events were dropped`);
  release({ ok: true, output: { exitCode: 0 } });
  network.thaw();
  assert.deepEqual(await outcome, { ok: true, output: { exitCode: 0 } });
  assert.equal(characters, (400 - dropped) * text.length);
  assert.equal(notes, 1, "it was told that some is missing");
});

Deno.test("a coordinator that starts again gets its workers back, as new connections", async () => {
  const first = await grpcRig();
  // The address that it has for workers stays; the port behind that would be anybody's in between.
  await using network = await Network.to(first.server.port);
  const executor = new MockExecutor();
  const worker = first.worker({ executor, ...soon }, { url: network.url });
  const connection = await first.witness.worker();
  await first.witness.until(() => connection.isConnected);
  const held = executor.hold("run.command");
  const outcome = connection.run(aTask({ operation: "run.command" }), { signal: never });
  const lost = assert.rejects(
    outcome,
    (error: unknown) => error instanceof WorkerLostError && error.mayHaveRun,
  );
  const { signal } = await held;
  const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
  first.hub.close("the coordinator is shutting down");
  await first.server.close();
  await lost;
  const witness = new Witness();
  const hub = new WorkerHub({ listener: witness, log: silentLogger });
  const address = { hostname: "127.0.0.1", port: 0 };
  const second = createWorkerServer({ hub, address, keys: () => testKeys, log: silentLogger });
  await second.listen(never);
  network.port = second.port;
  const again = await witness.worker();
  await aborted;
  assert.equal((await again.run(aTask(), { signal: never })).ok, true);
  assert.equal(again.hello.incarnation, worker.hello.incarnation);
  await worker.stop();
  await second.close();
});

Deno.test("a worker that is silent for too long is gone, and comes back as another connection", async () => {
  const clock = new FakeClock();
  await using rig = await grpcRig({}, { clock });
  await using network = await Network.to(rig.server.port);
  rig.worker(soon, { url: network.url });
  const connection = await rig.witness.worker();
  await rig.witness.until(() => connection.isConnected);
  network.isAway = true;
  await rig.witness.until(() => !connection.isConnected);
  await clock.advance(300_000);
  assert.equal(rig.witness.news.at(-1), "left w1: nothing was heard of it for 300 s");
  network.isAway = false;
  const again = await rig.witness.worker(2);
  assert.equal((await again.run(aTask(), { signal: never })).ok, true);
});
