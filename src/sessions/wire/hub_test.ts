import assert from "node:assert/strict";
import { silentLogger } from "../../telemetry/logger.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import type { WorkerListener } from "../link.ts";
import { IDLE_LOAD } from "../testing/mock_executor.ts";
import { mockHello } from "../testing/mock_worker.ts";
import { WorkerHub } from "./hub.ts";
import type { Down } from "./messages.ts";
import { aTask, FakeChannel, never, Witness } from "./testing.ts";

const MINUTE = 60_000;

function rig(listener?: WorkerListener) {
  const clock = new FakeClock();
  const witness = new Witness();
  const gauges: string[] = [];
  let collect = () => {};
  const hub = new WorkerHub({
    listener: listener ?? witness,
    log: silentLogger,
    clock,
    now: () => clock.now(),
    metrics: {
      counter: () => ({ inc() {} }),
      histogram: () => ({ observe() {} }),
      gauge: (_name, _help, _labels, run) => {
        const gauge = {
          set: (labels: Record<string, string>, value: number) =>
            void gauges.push(`${labels["state"]} ${value}`),
          inc() {},
          dec() {},
          remove() {},
        };
        collect = () => run?.(gauge);
        return gauge;
      },
    },
  });
  const scrape = () => {
    gauges.length = 0;
    collect();
    return gauges.join(", ");
  };
  return { clock, witness, hub, scrape };
}

const hello = (incarnation: string) => mockHello({ incarnation });

Deno.test("a worker joins with its registration, and leaves with its farewell", () => {
  const { hub, witness, scrape } = rig();
  const { id, heartbeatTimeoutMs } = hub.register("w1", hello("a"), IDLE_LOAD);
  assert.equal(heartbeatTimeoutMs, 5 * MINUTE);
  assert.equal(scrape(), "connected 0, disconnected 1, draining 0");
  const channel = new FakeChannel<Down>();
  hub.open("w1", { registration: id, lastTaken: 0 }, channel);
  assert.equal(scrape(), "connected 1, disconnected 0, draining 0");
  hub.heartbeat("w1", id, { ...IDLE_LOAD, processes: 1 }, true);
  assert.equal(scrape(), "connected 0, disconnected 0, draining 1");
  hub.deregister("w1", id, 0, "done");
  hub.deregister("w1", id, 0, "done");
  assert.equal(scrape(), "connected 0, disconnected 0, draining 0");
  assert.deepEqual(witness.news, ["joined w1", "w1 connected", "w1 connected, draining", "left w1: done"]);
  assert.equal(channel.closed.length, 1);
});

Deno.test("the same process gets its registration again, and nothing is lost", async () => {
  const { hub, witness } = rig();
  const first = hub.register("w1", hello("a"), IDLE_LOAD);
  const worker = await witness.worker();
  const outcome = worker.run(aTask(), { signal: never });
  const again = hub.register("w1", hello("a"), IDLE_LOAD);
  assert.equal(again.id, first.id);
  const channel = new FakeChannel<Down>();
  const events = hub.open("w1", { registration: again.id, lastTaken: 0 }, channel);
  events.message({ kind: "outcome", number: 1, outcome: { ok: true, output: {} } });
  assert.equal((await outcome).ok, true);
  assert.equal(witness.joinedWorkers.length, 1);
});

Deno.test("another process takes the place, the one before is told, and cannot come back", () => {
  const { hub, witness } = rig();
  const first = hub.register("w1", hello("a"), IDLE_LOAD);
  const channel = new FakeChannel<Down>();
  hub.open("w1", { registration: first.id, lastTaken: 0 }, channel);
  const second = hub.register("w1", hello("b"), IDLE_LOAD);
  assert.notEqual(second.id, first.id);
  assert.equal(channel.closed[0]?.code, "superseded");
  assert.match(channel.closed[0]?.message ?? "", /another process has registered as worker w1/);
  assert.throws(() => hub.register("w1", hello("a"), IDLE_LOAD), { code: "superseded" });
  assert.throws(() => hub.heartbeat("w1", first.id, IDLE_LOAD, false), { code: "unknown_registration" });
  hub.deregister("w1", first.id, 0, "an old farewell");
  hub.heartbeat("w1", second.id, IDLE_LOAD, false);
  assert.deepEqual(witness.news.filter((line) => !line.startsWith("w1")), [
    "joined w1",
    "left w1: another process has registered in its name",
    "joined w1",
  ]);
});

Deno.test("a worker that gives no sign of life is gone, and registers anew as another connection", async () => {
  const { hub, witness, clock } = rig();
  const { id } = hub.register("w1", hello("a"), IDLE_LOAD);
  const channel = new FakeChannel<Down>();
  hub.open("w1", { registration: id, lastTaken: 0 }, channel);
  await clock.advance(4 * MINUTE);
  hub.heartbeat("w1", id, IDLE_LOAD, false);
  await clock.advance(4 * MINUTE);
  assert.equal(channel.closed.length, 0);
  await clock.advance(MINUTE);
  assert.equal(witness.news.at(-1), "left w1: nothing was heard of it for 300 s");
  assert.equal(channel.closed[0]?.code, "unknown_registration");
  assert.throws(() => hub.heartbeat("w1", id, IDLE_LOAD, false), { code: "unknown_registration" });
  assert.throws(() => hub.open("w1", { registration: id, lastTaken: 0 }, channel), {
    code: "unknown_registration",
  });
  assert.notEqual(hub.register("w1", hello("a"), IDLE_LOAD).id, id);
  assert.equal(clock.pendingTimers, 1);
});

Deno.test("a registration is of one worker alone", () => {
  const { hub } = rig();
  const { id } = hub.register("w1", hello("a"), IDLE_LOAD);
  hub.register("w2", hello("b"), IDLE_LOAD);
  assert.throws(() => hub.heartbeat("w2", id, IDLE_LOAD, false), { code: "unknown_registration" });
  assert.throws(() => hub.open("w2", { registration: id, lastTaken: 0 }, new FakeChannel<Down>()), {
    code: "unknown_registration",
  });
  hub.deregister("w2", id, 0, "not mine");
  hub.heartbeat("w1", id, IDLE_LOAD, false);
});

Deno.test("what a stream brings goes to its worker, until another stream is open", async () => {
  const { hub, witness } = rig();
  const { id } = hub.register("w1", hello("a"), IDLE_LOAD);
  const worker = await witness.worker();
  const [one, two] = [new FakeChannel<Down>(), new FakeChannel<Down>()];
  const first = hub.open("w1", { registration: id, lastTaken: 0 }, one);
  one.answer = () => "full";
  const outcomes = [worker.run(aTask(), { signal: never }), worker.run(aTask(), { signal: never })];
  assert.equal(one.sent.length, 1);
  one.answer = () => "sent";
  first.drained();
  assert.equal(one.sent.length, 2);
  const second = hub.open("w1", { registration: id, lastTaken: 2 }, two);
  first.closed();
  assert.equal(worker.isConnected, true);
  first.message({ kind: "outcome", number: 1, outcome: { ok: false, code: "failed", message: "old" } });
  for (const number of [1, 2]) {
    second.message({ kind: "outcome", number, outcome: { ok: true, output: {} } });
  }
  assert.deepEqual((await Promise.all(outcomes)).map(({ ok }) => ok), [true, true]);
  second.opened();
  second.closed();
  assert.equal(worker.isConnected, false);
});

Deno.test("closing, all workers are gone", () => {
  const { hub, witness, clock } = rig();
  hub.register("w1", hello("a"), IDLE_LOAD);
  hub.register("w2", hello("b"), IDLE_LOAD);
  hub.close("the coordinator is shutting down");
  assert.deepEqual(witness.news.slice(2), [
    "left w1: the coordinator is shutting down",
    "left w2: the coordinator is shutting down",
  ]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("news come one after the other, also where the listener's call makes more, and one that throws is no harm", () => {
  const news: string[] = [];
  let depth = 0;
  const { hub } = rig({
    joined(worker) {
      depth++;
      news.push(`joined ${worker.id} ${depth}`);
      if (worker.id === "w1") hub.register("w2", hello("b"), IDLE_LOAD);
      depth--;
      throw new Error("no");
    },
    changed() {},
    left() {},
  });
  hub.register("w1", hello("a"), IDLE_LOAD);
  assert.deepEqual(news, ["joined w1 1", "joined w2 1"]);
});

Deno.test("whose workspace a worker is in stays with it, until another process comes for another owner", () => {
  const { hub, witness } = rig();
  const binding = { workspaceId: "w", ownerId: "ann" };
  const { id } = hub.register("ws-w", hello("a"), IDLE_LOAD, binding);
  assert.deepEqual(witness.joinedWorkers[0]?.binding, binding);
  assert.equal(hub.register("ws-w", hello("a"), IDLE_LOAD, { ...binding }).id, id);
  for (const other of [undefined, { ...binding, ownerId: "bob" }]) {
    assert.throws(() => hub.register("ws-w", hello("a"), IDLE_LOAD, other), { code: "permission_denied" });
  }
  // The workspace is another's now, and has started its worker anew.
  const heirs = { ...binding, ownerId: "bob" };
  assert.notEqual(hub.register("ws-w", hello("b"), IDLE_LOAD, heirs).id, id);
  assert.deepEqual(witness.joinedWorkers[1]?.binding, heirs);
  assert.throws(() => hub.register("ws-w", hello("a"), IDLE_LOAD, binding), { code: "superseded" });
  hub.register("w1", hello("c"), IDLE_LOAD);
  assert.equal(witness.joinedWorkers[2]?.binding, undefined);
});

Deno.test("a farewell and another process are the end of a process everywhere; silence and our own end are not", async () => {
  const over: Record<string, boolean> = {};
  const { hub, clock } = rig({
    joined() {},
    changed() {},
    left: ({ id, hello: { incarnation } }, _reason, isOver) => void (over[`${id} ${incarnation}`] = isOver),
  });
  const { id } = hub.register("farewell", hello("a"), IDLE_LOAD);
  hub.deregister("farewell", id, 0, "done");
  hub.register("replaced", hello("a"), IDLE_LOAD);
  hub.register("replaced", hello("b"), IDLE_LOAD);
  await clock.advance(6 * MINUTE);
  hub.register("last", hello("c"), IDLE_LOAD);
  hub.close("the coordinator is shutting down");
  assert.deepEqual(over, { "farewell a": true, "replaced a": true, "replaced b": false, "last c": false });
});
