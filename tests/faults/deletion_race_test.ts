/** Control planes that are deleted, and made again under the same name, while they are being reconciled. */
import assert from "node:assert/strict";
import { below, pick, seededRandom } from "../../src/telemetry/testing/random.ts";
import { waitFor } from "../cluster/mod.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { randomSpec } from "./changes.ts";
import { type Scene, startScene } from "./scene.ts";
import { workspaceRights } from "./workspace_rights.ts";

const SEED = 20_250_114;
const ROUNDS = 8;
const FINALIZER = "coder.com/workspace-rbac-cleanup";

/** Moments of a pass at which the control plane goes. */
const MOMENTS = [
  "at once",
  "with its finalizer",
  "with its first child",
  "when it has a status",
  "when it is done",
] as const;

/** Creates a control plane and deletes it at that moment of its life. */
async function shortLife(scene: Scene, name: string, moment: typeof MOMENTS[number], random: () => number) {
  const withFinalizer = random() < 0.5 || moment === "with its finalizer";
  await waitFor(
    () => scene.create(name, randomSpec(random), withFinalizer ? { finalizers: [FINALIZER] } : {}),
    {
      what: `${name} to be created: the one before it may still be going`,
      intervalMs: 10,
    },
  );
  if (moment === "with its first child") {
    const first = pick(random, ["deployments", "services", "serviceaccounts"]);
    await waitFor(() => scene.cluster.find(scene.path(first, name)), {
      what: `${first} ${name}`,
      intervalMs: 2,
    });
  } else if (moment === "when it has a status") {
    await waitFor(async () => (await scene.plane(name))?.status?.phase, { what: "a status", intervalMs: 2 });
  } else if (moment === "when it is done") {
    await scene.settled(name);
  }
  await scene.remove(name);
}

Deno.test("control planes deleted and made again amid their reconciling leave nothing behind", async () => {
  await using scene = await startScene("races");
  await using operator = await scene.operator();
  const mark = await scene.cluster.audit.mark();
  const names = Array.from({ length: 4 }, (_, i) => `p${i}`);
  await Promise.all(names.map(async (name, i) => {
    const random = seededRandom(SEED + i);
    for (let round = 0; round < ROUNDS; round++) {
      // Each moment is had at least once by each name.
      const moment = MOMENTS[round] ?? MOMENTS[below(random, MOMENTS.length - 1)]!;
      await shortLife(scene, name, moment, random);
    }
    if (i % 2 === 0) {
      await waitFor(() => scene.create(name, randomSpec(random)), { what: `the last ${name}` });
    }
  }));
  for (const [i, name] of names.entries()) await (i % 2 === 0 ? scene.settled(name) : scene.gone(name));
  await scene.nothingLeaked();
  assert.deepEqual(operator.failures(), [], "what is going away is no error");

  const view = await scene.cluster.audit.since(mark);
  const { namespace } = scene;
  const calls = view.requests({ user: OPERATOR_USER, namespace }).length;
  const lives = names.length * ROUNDS + names.length / 2;
  assert.ok(calls < 40 * lives, `${calls} calls for ${lives} short lives`);
});

Deno.test("a control plane whose end comes between the children and the status is not brought back", async () => {
  await using scene = await startScene("midway");
  await using operator = await scene.operator();
  const { faults } = scene;
  const writes = { resource: "codercontrolplanes", subresource: "status", verb: "update" };
  const children = { verb: "patch", resource: ["deployments", "services", "serviceaccounts"], name: "late" };
  const [held, status] = [faults.freeze(children), faults.freeze(writes)];
  const plane = await scene.create("late", {}, { finalizers: [FINALIZER] });
  const rights = await workspaceRights(scene, plane);
  await waitFor(() => held.hits > 0, { what: "the first child to be on its way" });
  await scene.remove("late");
  // The old one lets its children go out only now, when it is on its way out already.
  held.remove();
  status.remove();
  await scene.gone("late");
  assert.deepEqual(await rights.left(), []);
  const again = await scene.create("late", { replicas: 2 });
  assert.notEqual(again.metadata.uid, plane.metadata.uid);
  await scene.settled("late");
  await scene.nothingLeaked();
  assert.deepEqual(operator.failures(), []);
});
