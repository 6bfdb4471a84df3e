/** From a control plane to a running Deployment, and to rest. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { comesToRest, startRig } from "./rig.ts";

const DEPLOYMENT = "apps/v1/deployments/coder";

Deno.test("a control plane becomes ready, with its children and a status that says so", async () => {
  const rig = await startRig("core");
  await using _operator = await rig.operator();
  const { metadata } = await rig.create("coder");
  const { status } = await rig.ready("coder");
  const { conditions, ...fields } = status ?? {};
  assert.deepEqual(fields, {
    image: "ghcr.io/coder/coder:latest",
    internalURL: `http://coder.${rig.namespace}.svc.cluster.local:80`,
    observedGeneration: 1,
    phase: "Ready",
    readyReplicas: 1,
    url: `http://coder.${rig.namespace}.svc.cluster.local:80`,
  });
  assert.deepEqual(conditions?.map(({ type, status }) => `${type}=${status}`), [
    "Ready=True",
    "Available=True",
    "Progressing=False",
    "Degraded=False",
    "WorkspaceRBAC=True",
  ]);
  for (const path of [DEPLOYMENT, "v1/services/coder", "v1/serviceaccounts/coder"]) {
    const child = await rig.get(path);
    assert.deepEqual(child.metadata.ownerReferences, [{
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      name: "coder",
      uid: metadata.uid,
      controller: true,
      blockOwnerDeletion: true,
    }], path);
    assert.equal(child.metadata.labels["app.kubernetes.io/managed-by"], "coder-k8s", path);
  }
});

Deno.test("each step of the way is told by an event", async () => {
  const rig = await startRig("events");
  await using operator = await rig.operator();
  await rig.create("coder");
  await rig.ready("coder");
  await operator.again("coder");
  const expected = ["Created", "Progressing", "Available", "Ready", "RolloutEnded"];
  const reasons = await waitFor(async () => {
    const all = await rig.eventReasons("coder");
    const missing = expected.filter((reason) => !all.includes(reason));
    return missing.length === 0 ? all : Promise.reject(new Error(`${missing.join(", ")} missing`));
  }, { what: "the events of a start" });
  assert.ok(!reasons.includes("NotReady"), "not being ready yet is no news");
  // One for each child would be half a dozen for every new object.
  const { items } = await rig.get("events.k8s.io/v1/events") as { items: { reason: string; note: string }[] };
  const notes = items.filter(({ reason }) => reason === "Created").map(({ note }) => note);
  assert.equal(notes.length, 1, notes.join("; "));
  for (
    const child of ["Service coder", "ServiceAccount coder", "Deployment coder", "Role ", "RoleBinding "]
  ) {
    assert.ok(notes[0]?.includes(child), `${child} in ${notes[0]}`);
  }
});

Deno.test("nothing is read or written once all is as it should be", async () => {
  const rig = await startRig("steady");
  await rig.send("POST", "v1/configmaps", { metadata: { name: "env" }, data: { A: "1" } });
  const operator = await rig.operator();
  try {
    await rig.create("coder", { envFrom: [{ configMapRef: { name: "env" } }] });
    await rig.ready("coder");
    await comesToRest(rig, operator);
    const mark = await rig.cluster.audit.mark();
    for (let i = 0; i < 3; i++) await operator.again("coder");
    const entries = (await rig.cluster.audit.since(mark)).requests({
      user: OPERATOR_USER,
      namespace: rig.namespace,
    });
    const calls = entries.filter(({ verb, resource }) => verb !== "watch" && resource !== "events");
    assert.deepEqual(calls.map(({ verb, uri }) => `${verb} ${uri}`), []);
  } finally {
    await operator[Symbol.asyncDispose]();
  }
});

Deno.test("a restarted operator writes nothing to what it made before", async () => {
  const rig = await startRig("again");
  {
    await using first = await rig.operator();
    await rig.create("coder", { tls: { secretNames: ["t"] }, resources: { limits: { cpu: "1000m" } } });
    await rig.ready("coder");
    await comesToRest(rig, first);
  }
  const mark = await rig.cluster.audit.mark();
  await using second = await rig.operator();
  await second.again("coder");
  const entries = (await rig.cluster.audit.since(mark)).requests({
    user: OPERATOR_USER,
    namespace: rig.namespace,
  });
  const writes = entries.filter(({ verb, resource }) =>
    ["create", "update", "patch", "delete"].includes(verb) && resource !== "events"
  );
  assert.deepEqual(writes.map(({ verb, uri }) => `${verb} ${uri}`), []);
});

Deno.test("a child that is deleted or changed by hand is put back", async () => {
  const rig = await startRig("drift");
  await using _operator = await rig.operator();
  await rig.create("coder");
  await rig.ready("coder");
  for (const path of [DEPLOYMENT, "v1/services/coder", "v1/serviceaccounts/coder"]) {
    const { uid } = (await rig.get(path)).metadata;
    await rig.send("DELETE", path);
    await waitFor(async () => {
      const now = (await rig.get(path))?.metadata;
      return now !== undefined && now.uid !== uid && now.deletionTimestamp === undefined;
    }, { what: `${path} to come back` });
  }
  await rig.send("PATCH", DEPLOYMENT, {
    spec: { template: { metadata: { labels: { team: "x" } }, spec: { serviceAccountName: "default" } } },
  }, "kubectl-edit");
  await waitFor(
    async () => (await rig.get(DEPLOYMENT)).spec.template.spec.serviceAccountName === "coder",
    { what: "the service account name to be put back" },
  );
  assert.equal((await rig.get(DEPLOYMENT)).spec.template.metadata.labels.team, "x", "a foreign field stays");
});

Deno.test("a child that lost its label is found and labelled again", async () => {
  const rig = await startRig("label");
  await using _operator = await rig.operator();
  await rig.create("coder");
  await rig.ready("coder");
  const { uid } = (await rig.get("v1/services/coder")).metadata;
  const label = "app.kubernetes.io/managed-by";
  await rig.send("PATCH", "v1/services/coder", { metadata: { labels: { [label]: null } } }, "kubectl-label");
  const service = await waitFor(async () => {
    const live = await rig.get("v1/services/coder");
    return live.metadata.labels[label] === "coder-k8s" ? live : undefined;
  }, { what: "the label to come back" });
  assert.equal(service.metadata.uid, uid);
});

Deno.test("a restart, and labels and annotations of others, survive", async () => {
  const rig = await startRig("foreign");
  await using operator = await rig.operator();
  await rig.create("coder");
  await rig.ready("coder");
  const paths = [DEPLOYMENT, "v1/services/coder", "v1/serviceaccounts/coder"];
  for (const path of paths) {
    const [kind = "", name = ""] = path.split("/").slice(-2);
    await rig.cluster.kubectl(["label", kind, name, "team=x", "-n", rig.namespace]);
    await rig.cluster.kubectl(["annotate", kind, name, "example.com/note=y", "-n", rig.namespace]);
  }
  await rig.cluster.kubectl(["rollout", "restart", "deployment/coder", "-n", rig.namespace]);
  await rig.change("coder", { spec: { service: { annotations: { mine: "1" } }, extraArgs: ["--x"] } });
  await rig.ready("coder");
  await operator.again("coder");
  for (const path of paths) {
    const { labels, annotations } = (await rig.get(path)).metadata;
    assert.equal(labels.team, "x", path);
    assert.equal(annotations["example.com/note"], "y", path);
  }
  const { template } = (await rig.get(DEPLOYMENT)).spec;
  assert.ok(template.metadata.annotations["kubectl.kubernetes.io/restartedAt"]);
  assert.deepEqual(template.spec.containers[0].args, ["--http-address=0.0.0.0:8080", "--x"]);
  // What the spec no longer asks for goes; what others wrote does not.
  await rig.change("coder", { spec: { service: { annotations: null } } });
  await waitFor(async () => (await rig.get("v1/services/coder")).metadata.annotations.mine === undefined, {
    what: "the annotation to go",
  });
  assert.equal((await rig.get("v1/services/coder")).metadata.annotations["example.com/note"], "y");
});
