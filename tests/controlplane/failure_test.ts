/** What goes wrong is told, and stops nothing else. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { serviceStep } from "../../src/controlplane/children/service_step.ts";
import type { Step } from "../../src/controlplane/step.ts";
import { startRig } from "./rig.ts";

Deno.test("the status is written though a step fails, and the others have done their work", async () => {
  const rig = await startRig("failing");
  let broken = true;
  const failing: Step = {
    name: "Deployment",
    run: () => broken ? Promise.reject(new Error("no Deployment today")) : Promise.resolve(),
  };
  await using operator = await rig.operator({ reconciler: { stages: [[failing, serviceStep]] } });
  await rig.create("coder");
  const { reason, message } = await rig.condition("coder", "Degraded", "True");
  assert.equal(reason, "Failed");
  assert.equal(message, "Deployment: no Deployment today");
  const { status } = await rig.controlPlane("coder") ?? {};
  assert.equal(status?.observedGeneration, 1);
  assert.equal(status?.url, `http://coder.${rig.namespace}.svc.cluster.local:80`);
  assert.ok(await rig.get("v1/services/coder"));
  assert.equal((await rig.condition("coder", "Reconciling", "True")).reason, "Retrying");
  broken = false;
  await rig.condition("coder", "Degraded", "False");
  await operator.again("coder");
});

Deno.test("an object that the API server refuses is told with its words", async () => {
  const rig = await startRig("refused");
  await using _operator = await rig.operator();
  await rig.create("coder", { volumeMounts: [{ name: "missing", mountPath: "/x" }] });
  const { reason, message } = await rig.condition("coder", "Degraded", "True");
  assert.equal(reason, "Rejected");
  assert.match(message, /^Deployment: .*volumeMounts/);
  assert.ok(await rig.get("v1/services/coder"));
  await rig.change("coder", { spec: { volumeMounts: null } });
  await rig.ready("coder");
});

Deno.test("pods that cannot be made are told with the cluster's words", async () => {
  const rig = await startRig("quota");
  await rig.send("POST", "v1/resourcequotas", { metadata: { name: "none" }, spec: { hard: { pods: "0" } } });
  // Admission learns of the quota, and a controller of what it allows, a moment later.
  const pod = { metadata: { name: "probe" }, spec: { containers: [{ name: "c", image: "i" }] } };
  const pods = `/api/v1/namespaces/${rig.namespace}/pods?dryRun=All`;
  await waitFor(
    () => rig.cluster.request("POST", pods, pod).then(() => false, (error) => /exceeded quota/.test(error)),
    { what: "the quota to be in force" },
  );
  await using _operator = await rig.operator();
  await rig.create("coder");
  const { reason, message } = await rig.condition("coder", "Degraded", "True");
  assert.equal(reason, "ReplicaFailure");
  assert.match(message, /exceeded quota/);
  await rig.condition("coder", "Ready", "False");
});

Deno.test("a rollout that does not progress is stalled, and the earlier pods go on", async () => {
  const rig = await startRig("stuck");
  await using _operator = await rig.operator();
  await rig.create("coder");
  await rig.ready("coder");
  await rig.send(
    "PATCH",
    "apps/v1/deployments/coder",
    { spec: { progressDeadlineSeconds: 1 } },
    "kubectl-edit",
  );
  await rig.change("coder", { spec: { nodeSelector: { "example.com/none": "x" } } });
  const { reason } = await rig.condition("coder", "Stalled", "True");
  assert.equal(reason, "ProgressDeadlineExceeded");
  await rig.condition("coder", "Degraded", "True");
  await rig.condition("coder", "Available", "True");
  await waitFor(async () => (await rig.eventReasons("coder")).includes("Stalled"), { what: "the event" });
  assert.equal(
    (await rig.get("apps/v1/deployments/coder")).spec.progressDeadlineSeconds,
    1,
    "a foreign field stays",
  );
});

Deno.test("foreign conditions and the writes of others survive ours", async () => {
  const rig = await startRig("conditions");
  await using operator = await rig.operator();
  await rig.create("coder");
  await rig.ready("coder");
  const foreign = {
    type: "example.com/Checked",
    status: "True",
    reason: "Fine",
    message: "",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };
  // Again where the operator has written in between.
  await waitFor(async () => {
    const live = await rig.controlPlane("coder");
    return await rig.send("PUT", "coder.com/v1alpha1/codercontrolplanes/coder/status", {
      ...live,
      status: {
        ...live?.status,
        licenseTier: "premium",
        conditions: [...live?.status?.conditions ?? [], foreign],
      },
    }, "other");
  }, { what: "the other writer to have written" });
  await rig.change("coder", { spec: { replicas: 0 } });
  await rig.condition("coder", "Ready", "False");
  await waitFor(async () => {
    const { status } = await rig.controlPlane("coder") ?? {};
    return status?.phase === "Pending" && status.readyReplicas === undefined;
  }, { what: "no pod" });
  await operator.again("coder");
  const { status } = await rig.controlPlane("coder") ?? {};
  assert.deepEqual(status?.conditions?.find(({ type }) => type === foreign.type), foreign);
  assert.equal(status?.licenseTier, "premium");
  assert.equal(status?.readyReplicas, undefined);
});
