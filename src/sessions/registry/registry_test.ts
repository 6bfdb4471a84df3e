import assert from "node:assert/strict";
import type { WorkerConnection } from "../link.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { PrometheusMetrics } from "../../telemetry/prometheus.ts";
import { settle } from "../../telemetry/testing/fake_clock.ts";
import { IDLE_LOAD } from "../testing/mock_executor.ts";
import { mockHello } from "../testing/mock_worker.ts";
import type { WorkerHello } from "../types.ts";
import { type RegistryObserver, WorkerRegistry } from "./registry.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function connection(
  id: string,
  hello: Partial<WorkerHello> = {},
  sessions: readonly string[] = [],
): Mutable<WorkerConnection> {
  return {
    id,
    hello: mockHello({ capacity: 2, ...hello }),
    load: { ...IDLE_LOAD, sessions },
    registeredAt: 0,
    lastHeardAt: 0,
    isConnected: true,
    isDraining: false,
    run: () => Promise.reject(new Error("this worker does nothing")),
  };
}

function observed(registry: WorkerRegistry): string[] {
  const news: string[] = [];
  const observer: RegistryObserver = {
    joined: ({ id }) => void news.push(`joined ${id}`),
    loaded: ({ id }) => void news.push(`loaded ${id}`),
    left: ({ id }, reason) => void news.push(`left ${id}: ${reason}`),
  };
  registry.observe(observer);
  return news;
}

const registryOf = (...workers: WorkerConnection[]) => {
  const registry = new WorkerRegistry({ log: silentLogger });
  for (const worker of workers) registry.joined(worker);
  return registry;
};

Deno.test("reservations side by side never fill a worker beyond its capacity", () => {
  const registry = registryOf(connection("w1"), connection("w2"));
  const got = ["a", "b", "c", "d", "e"].map((id) => registry.reserve(id, {}).worker?.id);
  assert.deepEqual(got, ["w1", "w2", "w1", "w2", undefined]);
  const { why } = registry.reserve("e", {}) as { why: string };
  assert.equal(why, "of 2 worker(s): 2 full");
  assert.deepEqual(registry.list().map(({ sessions }) => sessions), [2, 2]);
});

Deno.test("a place that was let go is there for the next", () => {
  const worker = connection("w1", { capacity: 1 });
  const registry = registryOf(worker);
  registry.reserve("a", {});
  registry.release("a", worker);
  assert.equal(registry.reserve("b", {}).worker, undefined);
  registry.opened("a", worker);
  registry.release("a", worker);
  assert.equal(registry.reserve("b", {}).worker, worker);
  registry.opened("b", worker);
  registry.closing("b", worker)(true);
  assert.equal(registry.reserve("c", {}).worker, worker);
});

Deno.test("a session does not go where it is just being closed, and does so in a moment", () => {
  const worker = connection("w1");
  const registry = registryOf(worker);
  registry.hold("a", worker);
  const closed = registry.closing("a", worker);
  const selection = registry.reserve("a", {});
  assert.deepEqual(selection, { chosen: undefined, isSoon: true, why: "of 1 worker(s): 1 still closing it" });
  assert.equal(registry.reserve("b", {}).worker, worker);
  closed(true);
  assert.equal(registry.reserve("a", {}).worker, worker);
});

Deno.test("what a worker says it has takes places, too", () => {
  const worker = connection("w1", {}, ["x", "y"]);
  const registry = registryOf(worker);
  assert.equal(registry.reserve("a", {}).worker, undefined);
  assert.deepEqual(registry.strangers(worker), ["x", "y"]);
  registry.hold("x", worker);
  assert.deepEqual(registry.strangers(worker), ["y"]);
  registry.release("y", worker);
  assert.equal(registry.reserve("a", {}).worker, worker);
});

Deno.test("workers are found by name and process", () => {
  const worker = connection("w1", { incarnation: "i1" });
  const registry = registryOf(worker);
  assert.equal(registry.find("w1"), worker);
  assert.equal(registry.find("w1", "i1"), worker);
  assert.equal(registry.find("w1", "i2"), undefined);
  assert.equal(registry.find("w2"), undefined);
});

Deno.test("who was seen to leave, or was replaced, is gone; who was never seen may come", () => {
  const [old, young] = [connection("w1", { incarnation: "i1" }), connection("w1", { incarnation: "i2" })];
  const registry = registryOf(old);
  assert.deepEqual(["i1", "i2"].map((one) => registry.isGone("w1", one)), [false, true]);
  registry.left(old, "it was stopped", true);
  assert.deepEqual(["i1", "i2"].map((one) => registry.isGone("w1", one)), [true, false]);
  registry.joined(young);
  assert.deepEqual(["i1", "i2"].map((one) => registry.isGone("w1", one)), [true, false]);
  assert.equal(registry.isGone("w2", "i3"), false);
});

Deno.test("who listens is told in order, loads alone as loads", () => {
  const registry = registryOf();
  const news = observed(registry);
  const worker = connection("w1");
  registry.joined(worker);
  worker.isConnected = false;
  registry.changed(worker);
  worker.load = { ...IDLE_LOAD, sessions: ["x"] };
  registry.changed(worker);
  registry.left(worker, "it was stopped", true);
  registry.changed(worker);
  assert.deepEqual(news, ["joined w1", "loaded w1", "left w1: it was stopped"]);
});

Deno.test("who listens no more is not told, and who fails does not keep others from it", () => {
  const registry = registryOf();
  const failing = () => {
    throw new Error("no");
  };
  registry.observe({ joined: failing, loaded: failing, left: failing });
  const news = observed(registry);
  const stop = registry.observe({ joined: () => void news.push("too late"), loaded() {}, left() {} });
  stop();
  registry.joined(connection("w1"));
  assert.deepEqual(news, ["joined w1"]);
});

Deno.test("the news of a worker whose place another process has taken count for nothing", () => {
  const [old, young] = [connection("w1"), connection("w1")];
  const registry = registryOf(old);
  registry.left(old, "another process has registered in its name", true);
  registry.joined(young);
  const news = observed(registry);
  registry.left(old, "late", true);
  registry.changed(old);
  registry.hold("a", old);
  registry.release("a", old);
  assert.deepEqual(registry.strangers(old), []);
  assert.deepEqual(news, []);
  assert.deepEqual(registry.list().map(({ worker }) => worker), [young]);
});

Deno.test("a change of workers ends a wait, and so does giving up", async () => {
  const worker = connection("w1");
  const registry = registryOf();
  const ended: string[] = [];
  const stop = new AbortController();
  const wait = (name: string, signal: AbortSignal) => registry.changes(signal).then(() => ended.push(name));
  void wait("joined", new AbortController().signal);
  registry.joined(worker);
  await settle();
  void wait("connected", new AbortController().signal);
  registry.changed(worker);
  await settle();
  void wait("released", new AbortController().signal);
  registry.release("a", worker);
  await settle();
  void wait("given up", stop.signal);
  await settle();
  assert.deepEqual(ended, ["joined", "connected", "released"]);
  stop.abort();
  await wait("given up before", stop.signal);
  assert.deepEqual(ended.slice(3), ["given up", "given up before"]);
});

Deno.test("capacities are to be seen, of the workers that are there", async () => {
  const metrics = new PrometheusMetrics();
  const registry = new WorkerRegistry({ log: silentLogger, metrics });
  const worker = connection("w1", { capacity: 7 });
  registry.joined(worker);
  assert.match(await metrics.text(), /^coordinator_worker_capacity\{worker="w1"\} 7$/m);
  registry.left(worker, "it was stopped", true);
  assert.doesNotMatch(await metrics.text(), /worker="w1"/);
});

Deno.test("the worker of a workspace, and the one that reaches workspaces, are told by token and by name", () => {
  const bound = { ...connection("ws-1"), binding: { workspaceId: "1", ownerId: "ann" } };
  const registry = registryOf(connection("w1"), bound, connection("workspaces"));
  assert.equal(registry.reserve("a", {}).worker?.id, "w1");
  assert.equal(registry.reserve("b", { workspace: bound.binding }).worker?.id, "ws-1");
  const others = { workspaceId: "2", ownerId: "ann" };
  assert.equal(registry.reserve("c", { workspace: others }).worker?.id, "workspaces");
});

Deno.test("who is silent may be heard elsewhere; who said farewell, or was replaced, is over", () => {
  const registry = registryOf();
  const [silent, done] = [connection("w1"), connection("w2")];
  for (const worker of [silent, done]) registry.joined(worker);
  registry.left(silent, "nothing was heard of it", false);
  registry.left(done, "it was stopped", true);
  for (const { id, hello } of [silent, done]) assert.equal(registry.isGone(id, hello.incarnation), true);
  assert.equal(registry.isOver(silent.hello.incarnation), false);
  assert.equal(registry.isOver(done.hello.incarnation), true);
  assert.equal(registry.isOver("never seen"), false);
});

Deno.test("places that another coordinator has freed are there for the next, and whoever waits is told", async () => {
  const worker = connection("w1", { capacity: 1 });
  const registry = registryOf(worker);
  registry.reserve("a", {});
  assert.deepEqual(registry.settled(worker), []);
  registry.opened("a", worker);
  assert.deepEqual(registry.settled(worker), ["a"]);
  assert.equal(registry.reserve("b", {}).worker, undefined);
  const changes = registry.changes(new AbortController().signal);
  registry.over([], worker);
  registry.over(["a"], worker);
  await changes;
  assert.equal(registry.reserve("b", {}).worker, worker);
  assert.deepEqual(registry.settled(connection("gone")), []);
});
