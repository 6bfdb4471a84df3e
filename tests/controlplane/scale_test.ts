/** Who decides about replicas. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { goInstallation } from "./go_operator.ts";
import { type Rig, startRig } from "./rig.ts";

const DEPLOYMENT = "apps/v1/deployments/coder";
const database = { extraEnv: [{ name: "CODER_PG_CONNECTION_URL", value: "postgres://x" }] };

const replicas = async (rig: Rig): Promise<number> => (await rig.get(DEPLOYMENT)).spec.replicas;

/** True where our apply owns the number. */
async function ownsReplicas(rig: Rig): Promise<boolean> {
  // deno-lint-ignore no-explicit-any -- managed fields as sent
  return (await rig.get(DEPLOYMENT)).metadata.managedFields.some((entry: any) =>
    entry.manager === "coder-k8s" && !entry.subresource &&
    entry.fieldsV1["f:spec"]?.["f:replicas"] !== undefined
  );
}

/** Waits until the operator says that so many pods are ready: then it has seen the number in the Deployment, too. */
async function sees(rig: Rig, count: number): Promise<void> {
  await waitFor(async () => (await rig.controlPlane("coder"))?.status?.readyReplicas === count, {
    what: `the operator to see ${count} pods`,
  });
}

async function autoscale(rig: Rig, minReplicas: number): Promise<void> {
  await rig.send("POST", "autoscaling/v2/horizontalpodautoscalers", {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "coder" },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "coder" },
      minReplicas,
      maxReplicas: 6,
    },
  });
}

Deno.test("a number set with kubectl scale stays until the spec's number changes", async () => {
  const rig = await startRig("scale");
  await using operator = await rig.operator();
  await rig.create("coder", { replicas: 2, ...database });
  await rig.ready("coder");
  await rig.cluster.kubectl(["scale", "deployment/coder", "--replicas=4", "-n", rig.namespace]);
  await sees(rig, 4);
  await operator.again("coder");
  await rig.change("coder", { spec: { image: "ghcr.io/coder/coder:v2.30.1" } });
  await rig.ready("coder");
  await operator.again("coder");
  assert.equal(await replicas(rig), 4);
  await rig.change("coder", { spec: { replicas: 3 } });
  await waitFor(async () => (await replicas(rig)) === 3, { what: "the spec's new number" });
  await operator.again("coder");
  assert.equal(await replicas(rig), 3);
});

Deno.test("under an autoscaler the number is given up as it is, and never falls back to one", async () => {
  const rig = await startRig("hpa");
  await using operator = await rig.operator();
  await rig.create("coder", { replicas: 3, ...database });
  await rig.ready("coder");
  const seen = new Set<number>();
  await autoscale(rig, 3);
  await waitFor(async () => {
    seen.add(await replicas(rig));
    return !(await ownsReplicas(rig));
  }, { what: "our apply to give the number up", intervalMs: 10 });
  await rig.change("coder", { spec: { replicas: 5, image: "ghcr.io/coder/coder:v2.30.1" } });
  await rig.ready("coder");
  await operator.again("coder");
  seen.add(await replicas(rig));
  assert.deepEqual([...seen], [3]);
});

Deno.test("what an autoscaler sets survives changes of the spec, and its end gives the number back", async () => {
  const rig = await startRig("scaled");
  await using operator = await rig.operator();
  await rig.create("coder", { replicas: 2, ...database });
  await rig.ready("coder");
  await autoscale(rig, 4);
  await waitFor(async () => (await replicas(rig)) === 4 && !(await ownsReplicas(rig)), {
    what: "the autoscaler",
    timeoutMs: 120_000,
  });
  await sees(rig, 4);
  await rig.change("coder", { spec: { extraArgs: ["--x"] } });
  await rig.ready("coder");
  await operator.again("coder");
  assert.equal(await replicas(rig), 4);
  await rig.send("DELETE", "autoscaling/v2/horizontalpodautoscalers/coder");
  await rig.change("coder", { spec: { replicas: 1 } });
  await waitFor(async () => (await replicas(rig)) === 1, { what: "the spec's number" });
});

Deno.test("an installation of the Go operator under an autoscaler keeps its number when it is taken over", async () => {
  const rig = await startRig("hpa-takeover");
  await goInstallation(rig, { manager: "manager", replicas: 3 });
  await autoscale(rig, 3);
  await using operator = await rig.operator();
  await rig.condition("coder", "Degraded", "False");
  await operator.again("coder");
  assert.equal(await ownsReplicas(rig), false);
  assert.equal(await replicas(rig), 3);
});

Deno.test("a control plane that starts under an autoscaler starts with its own number", async () => {
  const rig = await startRig("hpa-first");
  await using operator = await rig.operator();
  await autoscale(rig, 2);
  await rig.create("coder", { replicas: 2, ...database });
  await rig.ready("coder");
  await operator.again("coder");
  assert.equal(await replicas(rig), 2);
});
