/** Failures of Kubernetes and set-ups that are well, on one real cluster with the whole product and a fake Coder a lab. */
import assert from "node:assert/strict";
import { RIGHTS } from "./failure.ts";
import { Ground } from "./kubernetes/ground.ts";
import { HALF_DOWN_LABS, halfDown } from "./kubernetes/half_down.ts";
import { HEALTHY } from "./kubernetes/healthy.ts";
import { KUBERNETES_SIDE } from "./kubernetes/mod.ts";
import { PLATFORM } from "./kubernetes/platform.ts";
import { askUntil, assertHealthy } from "./proof.ts";
import { named, proofs, side, type Step } from "./prove.ts";

/** Beside failures of the product itself, by the kind of their subject. */
const BESIDE = { workspace: "image-not-found", controlplane: "certificate-expired" } as const;

Deno.test("what is wrong in Kubernetes is named, and nothing where nothing is wrong", async (t) => {
  const labs = HEALTHY.length + 2 * KUBERNETES_SIDE.length + HALF_DOWN_LABS + 2 * PLATFORM.length;
  await using ground = await Ground.start(labs);
  await side(t, [
    // These wait for what hangs, and so does nobody else.
    ...halfDown(ground),
    ...HEALTHY.map((one) => healthy(ground, one)),
    ...proofs({ failures: KUBERNETES_SIDE, open: () => ground.lab() }),
  ], 8);
  await side(t, await platform(ground), 1);
});

function healthy(ground: Ground, { id, subject, says = /./, make }: typeof HEALTHY[number]): Step {
  return {
    id,
    name: `healthy: ${id}`,
    async run() {
      await using lab = await ground.lab();
      const name = await make(lab);
      for (const rights of RIGHTS) {
        const asked = { kind: subject, namespace: lab.namespace, name };
        await askUntil(
          (diagnosis) => {
            assertHealthy(diagnosis);
            assert.match(diagnosis.state, says);
          },
          asked,
          lab.world(rights),
          lab.planted,
        );
      }
    },
  };
}

/** Alone, and with another failure in the same subject: all subjects are made before anything breaks. */
async function platform(ground: Ground): Promise<Step[]> {
  const steps: Step[] = [];
  for (const failure of PLATFORM) {
    const { id, subject } = failure;
    const other = KUBERNETES_SIDE.find((one) => one.id === BESIDE[subject as keyof typeof BESIDE]);
    assert.ok(other);
    const [alone, both] = [await ground.lab(), await ground.lab()];
    await other.prepare?.(both, "one");
    for (const lab of [alone, both]) await failure.prepare?.(lab, "one");
    await other.inject(both, "one");
    steps.push({
      id,
      name: `${subject}: ${id} is named`,
      async run() {
        await failure.begin(ground);
        const name = await failure.inject(alone, "one");
        await named(alone, [failure], name);
        await alone.noise();
        await named(alone, [failure], name);
        await named(both, [failure, other], await failure.inject(both, "one"));
        await failure.end(ground);
      },
    });
  }
  return steps;
}
