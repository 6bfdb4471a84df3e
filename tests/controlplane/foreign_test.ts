/** Objects of others are left alone, and everything else goes on. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { type Rig, startRig } from "./rig.ts";

/** Each child as somebody else would have it. */
const strangers: Record<string, { path: string; resource: string; object: (rig: Rig) => object }> = {
  Deployment: {
    path: "apps/v1/deployments/coder",
    resource: "deployments.apps",
    object: () => ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "coder" },
      spec: {
        replicas: 1,
        selector: {
          matchLabels: {
            "app.kubernetes.io/name": "coder-control-plane",
            "app.kubernetes.io/instance": "coder",
            "app.kubernetes.io/managed-by": "coder-k8s",
          },
        },
        template: {
          metadata: {
            labels: {
              "app.kubernetes.io/name": "coder-control-plane",
              "app.kubernetes.io/instance": "coder",
              "app.kubernetes.io/managed-by": "coder-k8s",
            },
          },
          spec: { containers: [{ name: "web", image: "web:1" }] },
        },
      },
    }),
  },
  Service: {
    path: "v1/services/coder",
    resource: "services",
    object: () => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "coder", annotations: { theirs: "1" } },
      spec: { ports: [{ name: "web", port: 99 }] },
    }),
  },
  ServiceAccount: {
    path: "v1/serviceaccounts/coder",
    resource: "serviceaccounts",
    object: () => ({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "coder", annotations: { theirs: "1" } },
    }),
  },
};

for (const [kind, { path, resource, object }] of Object.entries(strangers)) {
  Deno.test(`a ${kind} that somebody else made is refused, and taken once that is allowed`, async () => {
    const rig = await startRig("foreign");
    await rig.send("POST", path.split("/").slice(0, -1).join("/"), object(rig), "someone");
    const before = await rig.get(path);
    await using operator = await rig.operator();
    await rig.create("coder");
    const { reason, message } = await rig.condition("coder", "Degraded", "True");
    assert.equal(reason, "ForeignObject");
    const command = `kubectl annotate ${resource} coder --namespace ${rig.namespace} coder.com/adopt=coder`;
    assert.ok(message.includes(command), message);
    await rig.condition("coder", "Stalled", "True");
    await operator.again("coder");
    const after = await rig.get(path);
    assert.deepEqual(
      [after.metadata.labels, after.metadata.annotations?.theirs, after.metadata.ownerReferences],
      [before.metadata.labels, before.metadata.annotations?.theirs, undefined],
      "nothing was written",
    );
    for (const other of Object.values(strangers)) {
      if (other.path !== path) assert.ok((await rig.get(other.path)).metadata.ownerReferences, other.path);
    }

    await rig.cluster.kubectl(command.split(" ").slice(1));
    await operator.again("coder");
    await rig.condition("coder", "Degraded", "False");
    const adopted = await rig.get(path);
    assert.equal(adopted.metadata.ownerReferences[0].name, "coder");
    if (before.metadata.annotations?.theirs) assert.equal(adopted.metadata.annotations.theirs, "1");
    await rig.ready("coder");
    await waitFor(async () => (await rig.eventReasons("coder")).includes("Recovered"), { what: "the event" });
  });
}

Deno.test("the namespace's own service account is not taken by naming it", async () => {
  const rig = await startRig("default");
  await using _operator = await rig.operator();
  await rig.create("coder", { serviceAccount: { name: "default" } });
  const { message } = await rig.condition("coder", "Degraded", "True");
  assert.match(message, /serviceaccounts default/);
  const { labels, ownerReferences } = (await rig.get("v1/serviceaccounts/default")).metadata;
  assert.deepEqual([labels, ownerReferences], [undefined, undefined]);
  await rig.condition("coder", "Available", "True");
});

Deno.test("a Deployment that another owner controls is never taken, not even with the annotation", async () => {
  const rig = await startRig("collision");
  const { metadata } = await rig.send("POST", "coder.com/v1alpha1/coderprovisioners", {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderProvisioner",
    metadata: { name: "other" },
    spec: { controlPlaneRef: { name: "none" } },
  });
  await rig.send("POST", "apps/v1/deployments", {
    ...strangers["Deployment"]?.object(rig),
    metadata: {
      name: "coder",
      labels: { "app.kubernetes.io/managed-by": "coder-k8s" },
      annotations: { "coder.com/adopt": "coder" },
      ownerReferences: [{
        apiVersion: "coder.com/v1alpha1",
        kind: "CoderProvisioner",
        name: "other",
        uid: metadata.uid,
        controller: true,
      }],
    },
  });
  await using _operator = await rig.operator();
  await rig.create("coder");
  const { message } = await rig.condition("coder", "Degraded", "True");
  assert.match(message, /controlled by CoderProvisioner other/);
  const { status } = await rig.controlPlane("coder") ?? {};
  assert.equal(status?.phase, "Pending", "the other's pods do not count");
  assert.equal(status?.readyReplicas, undefined);
  assert.ok(await rig.get("v1/services/coder"));
});

Deno.test("two control planes whose service accounts have one name do not fight over it", async () => {
  const rig = await startRig("shared");
  await using operator = await rig.operator();
  await rig.create("one", { serviceAccount: { name: "runner" } });
  await rig.ready("one");
  await rig.create("two", { serviceAccount: { name: "runner" } });
  await rig.condition("two", "Degraded", "True");
  await operator.again("one");
  await rig.condition("one", "Degraded", "False");
  assert.equal((await rig.get("v1/serviceaccounts/runner")).metadata.ownerReferences[0].name, "one");
});
