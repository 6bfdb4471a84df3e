import assert from "node:assert/strict";
import { pick, seededRandom } from "../../../src/telemetry/testing/random.ts";
import { restAfter, type RolloutPod, rolloutStep } from "./rollout.ts";

const old = (isReady = true): RolloutPod => ({ template: "old", isReady });
const newest = (isReady = true): RolloutPod => ({ template: "new", isReady });
const step = (pods: readonly RolloutPod[], wanted = 2) => {
  const { start, end } = rolloutStep(pods, "new", wanted);
  return [start, end.length];
};

Deno.test("as many pods as wanted are started, and no more", () => {
  assert.deepEqual(step([]), [2, 0]);
  assert.deepEqual(step([newest(false)]), [1, 0]);
  assert.deepEqual(step([newest(), newest(false)]), [0, 0]);
});

Deno.test("a rollout starts one more, and takes an old one away when the new one is ready", () => {
  assert.deepEqual(step([old(), old()]), [1, 0]);
  assert.deepEqual(step([old(), old(), newest(false)]), [0, 0]);
  assert.deepEqual(step([old(), old(), newest()]), [0, 1]);
  assert.deepEqual(step([old(), newest()]), [1, 0]);
  assert.deepEqual(step([old(), newest(), newest()]), [0, 1]);
});

Deno.test("an old pod that is not ready serves nobody", () => {
  assert.deepEqual(step([old(false), old(false)]), [1, 2]);
});

Deno.test("fewer are wanted: those that are not ready go first", () => {
  const pods = [newest(), newest(false), newest()];
  assert.deepEqual(rolloutStep(pods, "new", 2).end, [pods[1]]);
  assert.deepEqual(step(pods, 0), [0, 3]);
});

Deno.test("whatever happens, ready pods never become fewer by our doing, and it comes to an end", () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = seededRandom(seed);
    const wanted = pick(random, [1, 2, 3]);
    let pods = Array.from({ length: wanted }, () => ({ template: "old", isReady: true }));
    let rounds = 0;
    while (pods.some(({ template, isReady }) => template === "old" || !isReady) || pods.length !== wanted) {
      const { start, end } = rolloutStep(pods, "new", wanted);
      pods = pods.filter((pod) => !end.includes(pod));
      assert.ok(pods.filter(({ isReady }) => isReady).length >= wanted, `seed ${seed}`);
      for (let i = 0; i < start; i++) pods.push({ template: "new", isReady: false });
      assert.ok(pods.length <= wanted + 1, `seed ${seed}`);
      for (const pod of pods) if (random() < 0.5) pod.isReady = true;
      assert.ok(++rounds < 1_000, `seed ${seed} ends`);
    }
  }
});

Deno.test("what fails is started again at once, then with growing pauses up to ten seconds", () => {
  assert.deepEqual([1, 2, 3, 20].map(restAfter), [0, 500, 1_000, 10_000]);
});
