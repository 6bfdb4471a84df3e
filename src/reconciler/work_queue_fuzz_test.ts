import assert from "node:assert/strict";
import { FakeClock, settle } from "../telemetry/testing/fake_clock.ts";
import { below, pick, seededRandom } from "../telemetry/testing/random.ts";
import { WorkQueue } from "./work_queue.ts";

/** What must hold for one key, kept apart from the queue's own bookkeeping. */
interface Expected {
  /** When it is due at the latest-merged soonest time; undefined while nothing is asked for it. */
  due: number | undefined;
  priority: number;
  inHand: boolean;
}

/**
 * Random histories against a model that knows only the promises: at most one worker a key, nothing lost, nothing
 * early, the highest priority first, and nothing after the end.
 */
for (let seed = 1; seed <= 60; seed++) {
  Deno.test(`work queue keeps its promises in random history ${seed}`, async () => {
    const random = seededRandom(seed);
    const clock = new FakeClock();
    const queue = new WorkQueue<string>({ id: (key) => key, clock, random });
    const model = new Map<string, Expected>();
    const of = (key: string) => {
      let expected = model.get(key);
      if (expected === undefined) model.set(key, expected = { due: undefined, priority: 0, inHand: false });
      return expected;
    };
    const ready = () =>
      [...model.values()].filter(({ due, inHand }) => !inHand && due !== undefined && due <= clock.now());
    const ask = (key: string, priority: number, afterMs: number) => {
      const expected = of(key);
      const due = clock.now() + afterMs;
      expected.priority = expected.due === undefined ? priority : Math.max(expected.priority, priority);
      expected.due = expected.due === undefined ? due : Math.min(expected.due, due);
    };

    for (let step = 0; step < 400; step++) {
      const where = `seed ${seed} step ${step}`;
      const key = `k${below(random, 8)}`;
      switch (below(random, 6)) {
        case 0:
        case 1: {
          const [priority, afterMs] = [pick(random, [-100, 0, 0, 10]), pick(random, [0, 0, 5, 50])];
          queue.add(key, { priority, afterMs });
          ask(key, priority, afterMs);
          break;
        }
        case 2: {
          const afterMs = queue.addRateLimited(key, { priority: 0, atLeastMs: pick(random, [0, 30]) });
          ask(key, 0, afterMs);
          break;
        }
        case 3: {
          const before = ready();
          const abort = new AbortController();
          const getting = queue.get(abort.signal);
          abort.abort();
          const item = await getting;
          if (item === undefined) {
            assert.deepEqual(before, [], `${where}: a key was due and not handed out`);
            break;
          }
          const expected = of(item.key);
          assert.ok(!expected.inHand, `${where}: ${item.key} is with two workers`);
          assert.ok(
            expected.due !== undefined && expected.due <= clock.now(),
            `${where}: ${item.key} came early`,
          );
          assert.equal(item.priority, Math.max(...before.map(({ priority }) => priority)), `${where}: order`);
          assert.equal(item.priority, expected.priority, `${where}: priority`);
          Object.assign(expected, { due: undefined, inHand: true });
          break;
        }
        case 4: {
          queue.done(key);
          of(key).inHand = false;
          if (random() < 0.5) queue.forget(key);
          break;
        }
        default:
          clock.advanceSync(below(random, 40));
      }
      assert.equal(queue.inHand, [...model.values()].filter(({ inHand }) => inHand).length, where);
    }

    // In the end everything that was asked for comes out, each key once.
    for (const [key, expected] of model) {
      queue.done(key);
      expected.inHand = false;
    }
    clock.advanceSync(1_000_000);
    const owed = [...model].filter(([, { due }]) => due !== undefined).map(([key]) => key).sort();
    const given: string[] = [];
    while (queue.depth > 0) given.push((await queue.get())!.key);
    assert.deepEqual(given.sort(), owed, `seed ${seed}: owed`);
    for (const key of given) queue.done(key);
    assert.equal(clock.pendingTimers, 0);
    assert.equal(await Promise.race([queue.get(), settle().then(() => "none")]), "none");
    await queue.shutDown();
  });
}

Deno.test("many workers on a busy queue never share a key and leave nothing undone", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = seededRandom(seed);
    const queue = new WorkQueue<string>({ id: (key) => key, random });
    const wanted = new Map<string, number>();
    const seen = new Map<string, number>();
    const inHand = new Set<string>();
    const work = async () => {
      for (let item = await queue.get(); item !== undefined; item = await queue.get()) {
        assert.ok(!inHand.has(item.key), `seed ${seed}: ${item.key} is with two workers`);
        inHand.add(item.key);
        seen.set(item.key, wanted.get(item.key)!);
        for (let pause = below(random, 3); pause > 0; pause--) await Promise.resolve();
        inHand.delete(item.key);
        queue.done(item.key);
      }
    };
    const workers = Array.from({ length: 8 }, work);
    for (let change = 1; change <= 2_000; change++) {
      const key = `k${below(random, 20)}`;
      wanted.set(key, change);
      queue.add(key, { priority: pick(random, [-100, 0]) });
      if (change % 50 === 0) await Promise.resolve();
    }
    while (queue.depth + queue.inHand > 0) await settle();
    await queue.shutDown();
    await Promise.all(workers);
    assert.deepEqual(
      [...seen].sort(),
      [...wanted].sort(),
      `seed ${seed}: every key was last seen at its last change`,
    );
  }
});
