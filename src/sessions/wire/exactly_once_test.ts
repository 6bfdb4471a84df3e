/** No task runs twice and no outcome is lost, wherever connections break: the two state machines, and then all of it. */
import assert from "node:assert/strict";
import { clearImmediate, setImmediate } from "node:timers";
import { type Clock, settlesWithin, systemClock } from "../../telemetry/clock.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { settle } from "../../telemetry/testing/fake_clock.ts";
import { below, pick, seededRandom } from "../../telemetry/testing/random.ts";
import type { TaskOutcome } from "../link.ts";
import { WorkerLostError } from "../link.ts";
import { MockExecutor } from "../testing/mock_executor.ts";
import { type MockWorker, startMockWorker } from "../testing/mock_worker.ts";
import { Delivery } from "./delivery.ts";
import { WorkerHub } from "./hub.ts";
import { Ledger } from "./ledger.ts";
import type { Down } from "./messages.ts";
import { aTask, Witness } from "./testing.ts";

/** Both sides, and what is on its way between them. */
class Model {
  readonly delivery = new Delivery();
  readonly ledger = new Ledger();
  down: Down[] = [];
  up: number[] = [];
  isOpen = false;
  readonly running = new Set<number>();
  /** How often each task was begun. */
  readonly runs = new Map<number, number>();
  readonly settled = new Map<number, number>();
  readonly canceled = new Set<number>();
  readonly neverSent = new Set<number>();
  last = 0;

  steps: Readonly<Record<string, (random: () => number) => void>> = {
    add: () => void (this.last = this.delivery.add(aTask())),
    send: () => {
      const next = this.isOpen ? this.delivery.next() : undefined;
      if (next !== undefined) this.down.push(next);
    },
    arriveDown: () => this.#arriveDown(),
    finish: (random) => {
      if (this.running.size > 0) this.finish(pick(random, [...this.running]));
    },
    arriveUp: () => {
      const number = this.up.shift();
      if (number === undefined || !this.delivery.settled(number)) return;
      this.settled.set(number, (this.settled.get(number) ?? 0) + 1);
    },
    cancel: (random) => {
      const number = 1 + below(random, this.last + 1);
      if (this.delivery.task(number) === undefined || this.canceled.has(number)) return;
      if (!this.delivery.maybeTaken(number)) this.neverSent.add(number);
      this.canceled.add(number);
      this.delivery.cancel(number, "enough");
    },
    breakOff: () => {
      this.isOpen = false;
      // Some of what was sent arrived at nobody.
      this.down = [];
      this.up = [];
    },
    connect: () => {
      if (this.isOpen) return;
      this.isOpen = true;
      this.delivery.resumed(this.ledger.last);
      this.up.push(...this.ledger.unacknowledged());
    },
  };

  finish(number: number): void {
    this.running.delete(number);
    const outcome: TaskOutcome = { ok: true, output: { number } };
    if (this.ledger.finish(number, outcome) && this.isOpen) this.up.push(number);
  }

  #arriveDown(): void {
    const message = this.down.shift();
    if (message === undefined) return;
    if (message.kind === "ack") this.ledger.acknowledged(message.number);
    else if (message.kind === "cancel" && this.running.has(message.number)) this.finish(message.number);
    else if (message.kind === "task" && this.ledger.take(message.number)) {
      this.runs.set(message.number, (this.runs.get(message.number) ?? 0) + 1);
      this.running.add(message.number);
    }
  }

  check(): void {
    for (const [number, count] of this.runs) {
      assert.equal(count, 1, `task ${number} ran ${count} times`);
      const isOver = this.settled.has(number) || this.canceled.has(number);
      assert.ok(isOver || this.delivery.maybeTaken(number), `nobody knows that task ${number} may have run`);
      assert.ok(!this.neverSent.has(number), `task ${number} ran, though it was canceled before it was sent`);
    }
    for (const [number, count] of this.settled) {
      assert.equal(count, 1, `task ${number} ended ${count} times`);
      assert.ok(!this.canceled.has(number), `task ${number} ended, though nobody waits for it`);
    }
  }

  /** From here on nothing breaks. */
  calmDown(): void {
    const random = () => 0;
    for (let round = 0; round < 10_000; round++) {
      for (const name of ["connect", "send", "arriveDown", "finish", "arriveUp"]) this.steps[name]!(random);
    }
    this.check();
    for (let number = 1; number <= this.last; number++) {
      if (this.canceled.has(number)) continue;
      assert.equal(this.settled.get(number), 1, `the outcome of task ${number} is lost`);
    }
    assert.equal(this.delivery.size, 0, "the coordinator forgets what is over");
    assert.ok(this.ledger.isSettled, "the worker forgets what is over");
  }
}

Deno.test("state machines: connections that break at any point lose nothing, and repeat nothing", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed);
    const model = new Model();
    const names = Object.keys(model.steps);
    const breaks = below(random, 3);
    try {
      for (let step = 0; step < 400; step++) {
        const name = pick(random, names);
        // Some runs with few breaks, so that much happens on one stream.
        if (name === "breakOff" && below(random, 3) < breaks) continue;
        model.steps[name]!(random);
        model.check();
      }
      model.calmDown();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});

Deno.test("all of it in memory: calls, cancellations, broken streams, restarts", async () => {
  for (let seed = 1; seed <= 12; seed++) await wholeRun(seed);
});

/** What need not be waited for comes with the next turn. */
const hasty: Clock = {
  now: systemClock.now,
  setTimer(run, delayMs) {
    if (delayMs > 0) return systemClock.setTimer(run, delayMs);
    const timer = setImmediate(run);
    return () => clearImmediate(timer);
  },
};

async function wholeRun(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const witness = new Witness();
  const hub = new WorkerHub({ listener: witness, log: silentLogger });
  const ran = new Map<string, number>();
  const start = (): MockWorker => {
    const executor = new MockExecutor().answer("echo", async ({ task, tell }) => {
      ran.set(task.id, (ran.get(task.id) ?? 0) + 1);
      tell({ kind: "output", stream: "stdout", text: task.id });
      for (let turn = below(random, 4); turn > 0; turn--) await settle();
      return { ok: true, output: { id: task.id } };
    });
    return startMockWorker(hub, { executor, random: () => 0, clock: hasty });
  };
  const calls: Promise<void>[] = [];
  const call = async (count: number) => {
    const task = aTask();
    const stop = new AbortController();
    const worker = await witness.worker(count);
    const outcome = worker.run(task, { signal: stop.signal });
    if (below(random, 4) === 0) queueMicrotask(() => stop.abort(new Error("enough")));
    try {
      assert.deepEqual(await outcome, { ok: true, output: { id: task.id } });
      assert.equal(ran.get(task.id), 1);
    } catch (error) {
      if (error instanceof WorkerLostError) {
        if (!error.mayHaveRun) assert.equal(ran.get(task.id), undefined, "it was said that it did not run");
      } else assert.equal((error as Error).message, "enough");
    }
    assert.ok((ran.get(task.id) ?? 0) <= 1, "it ran twice");
  };
  let worker = start();
  for (let step = 0; step < 400; step++) {
    const what = below(random, 60);
    if (what === 0) {
      await worker.vanish();
      worker = start();
    } else if (what < 10) worker.breakStream();
    else if (what < 35) await new Promise((resolve) => setImmediate(() => resolve(undefined)));
    else calls.push(call(Math.max(1, witness.joinedWorkers.length)));
    // So that streams break between any two messages.
    for (let turn = below(random, 4); turn > 0; turn--) await Promise.resolve();
  }
  const all = Promise.all(calls);
  assert.ok(await settlesWithin(all, 60_000), `seed ${seed}: calls that never end`);
  await all.catch((error) => {
    throw new Error(`seed ${seed}`, { cause: error });
  });
  const over = calls.length;
  assert.ok(ran.size > over / 3, `only ${ran.size} of ${over} calls ran`);
  await worker.drain();
  assert.match(witness.news.at(-1)!, /^left mock: it has finished/);
}
