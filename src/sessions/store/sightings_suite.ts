/** What all sightings of workers must do. For tests alone. */
import assert from "node:assert/strict";
import { sleep } from "../../telemetry/clock.ts";
import type { WorkerSightings } from "./types.ts";

export interface SightingsSuite {
  /** Of the implementation: begins the names of its tests. */
  readonly name: string;
  /** Runs something with two coordinators' views of what is empty. */
  readonly use: (run: (one: WorkerSightings, other: WorkerSightings) => Promise<void>) => Promise<void>;
}

const LONG_MS = 3_600_000;

/** Registers the tests of one implementation. */
export function testSightings({ name, use }: SightingsSuite): void {
  const { signal } = new AbortController();
  const test = (what: string, run: (one: WorkerSightings, other: WorkerSightings) => Promise<void>) =>
    Deno.test(`${name}: ${what}`, () => use(run));
  const worker = (id: string, incarnation = "i1") => ({ id, incarnation });

  test("what one has heard, the other knows; processes are told apart", async (one, other) => {
    assert.equal(await other.isHeard(worker("w1"), signal), false);
    await one.heard([worker("w1"), worker("w2", 'a:"\0 ä')], LONG_MS, signal);
    assert.equal(await other.isHeard(worker("w1"), signal), true);
    assert.equal(await one.isHeard(worker("w1"), signal), true);
    assert.equal(await other.isHeard(worker("w2", 'a:"\0 ä'), signal), true);
    assert.equal(await other.isHeard(worker("w1", "i2"), signal), false);
    assert.equal(await other.isHeard(worker("w1i1", ""), signal), false);
  });

  test("nobody is no trouble, and many are none", async (one, other) => {
    await one.heard([], LONG_MS, signal);
    const many = Array.from({ length: 1_500 }, (_, index) => worker(`w${index}`));
    await one.heard(many, LONG_MS, signal);
    assert.equal(await other.isHeard(worker("w0"), signal), true);
    assert.equal(await other.isHeard(worker("w1499"), signal), true);
  });

  test("a silent worker is gone after the time that was said", async (one, other) => {
    await one.heard([worker("w1")], 30, signal);
    while (await other.isHeard(worker("w1"), signal)) await sleep(5, signal);
    await other.heard([worker("w1")], LONG_MS, signal);
    assert.equal(await one.isHeard(worker("w1"), signal), true);
  });

  test("who has heard it for longer counts", async (one, other) => {
    await one.heard([worker("w1"), worker("w2")], LONG_MS, signal);
    await other.heard([worker("w1"), worker("w3")], 1, signal);
    while (await other.isHeard(worker("w3"), signal)) await sleep(5, signal);
    assert.equal(await other.isHeard(worker("w1"), signal), true);
  });

  test(
    "one that said farewell is gone for everybody, also where others have not noticed",
    async (one, other) => {
      await one.heard([worker("w1"), worker("w2")], LONG_MS, signal);
      await other.gone(worker("w1"), signal);
      await other.gone(worker("w1"), signal);
      assert.equal(await one.isHeard(worker("w1"), signal), false);
      await one.heard([worker("w1"), worker("w2")], LONG_MS, signal);
      assert.equal(await other.isHeard(worker("w1"), signal), false);
      assert.equal(await other.isHeard(worker("w2"), signal), true);
      await other.heard([worker("w1", "i2")], LONG_MS, signal);
      assert.equal(await one.isHeard(worker("w1", "i2"), signal), true);
    },
  );

  test("nothing is done for who has given up", async (one, other) => {
    const reason = new Error("given up");
    const aborted = AbortSignal.abort(reason);
    await one.heard([worker("w2")], LONG_MS, signal);
    const calls = [
      one.heard([worker("w1")], LONG_MS, aborted),
      one.gone(worker("w2"), aborted),
      one.isHeard(worker("w1"), aborted),
    ];
    for (const result of await Promise.allSettled(calls)) {
      assert.deepEqual(result, { status: "rejected", reason });
    }
    assert.equal(await other.isHeard(worker("w1"), signal), false);
    assert.equal(await other.isHeard(worker("w2"), signal), true);
  });
}
