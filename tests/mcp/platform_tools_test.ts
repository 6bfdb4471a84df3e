/** Tools about the platform on a real cluster: as callers whose rights the API server judges, with the operator at work, and on a real Coder. */
import assert from "node:assert/strict";
import { CoderProvisioners } from "../../src/api/provisioner.ts";
import { createCoderClient, createTransport } from "../../src/coder/mod.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { clientCluster } from "../../src/mcp/caller/client_cluster.ts";
import { toolRig } from "../../src/mcp/testing.ts";
import { podLabels } from "../../src/mcp/tools/control_plane_pods.ts";
import { platformTools } from "../../src/mcp/tools/platform.ts";
import { platformCoders } from "../../src/mcp/tools/platform_testing.ts";
import type { Tool } from "../../src/mcp/tool.ts";
import { type Cluster, sharedCluster, waitFor } from "../cluster/mod.ts";
import { sharedCoderd } from "../coder/mod.ts";
import { installOperator } from "../operator/install.ts";
import { KeyWitness, nothingLeft, operate, rotated, running } from "../provisioner/key_witness.ts";
import { cancelImports, importWith } from "../provisioner/real_jobs.ts";
import { ProvisionerRig } from "../provisioner/rig.ts";

const VERSION = "9.9.9";
const tools = new Map(platformTools(VERSION).map((tool) => [tool.name, tool]));
const tool = (name: string): Tool => {
  const found = tools.get(name);
  assert.ok(found !== undefined, `there is no tool ${name}`);
  return found;
};

interface Open {
  readonly url: string;
  readonly token: string;
  readonly as?: "caller" | "operator";
}

/** Somebody with a kubeconfig, and the Coders that they may ask. */
function callerOf(kubeconfig: string, coders: Readonly<Record<string, Open>> = {}) {
  const rest = createRestClient({ connection: loadKubeConfig({ kubeconfig }) });
  const transports = new Map(Object.entries(coders).map(([id, { url }]) => [id, createTransport({ url })]));
  const tested = Object.entries(coders).map(([id, { token, as = "caller" }]) => ({
    id,
    as,
    open: createCoderClient({ transport: transports.get(id)!, token }),
  }));
  const cluster = clientCluster(rest);
  const rig = toolRig({ cluster, coders: platformCoders(tested) });
  return {
    cluster,
    // deno-lint-ignore no-explicit-any -- answers are looked at as they are
    run: async (name: string, args: Record<string, unknown> = {}): Promise<any> => {
      const { output, text } = await rig.run(tool(name), args);
      return { ...JSON.parse(JSON.stringify(output)), text };
    },
    refuses: (name: string, args: Record<string, unknown> = {}) => rig.refuses(tool(name), args),
    carriesOut: (name: string, args: Record<string, unknown> = {}) => rig.carriesOut(tool(name), args),
    [Symbol.dispose]: () => {
      rest.close();
      for (const transport of transports.values()) transport.close();
    },
  };
}

/** Gives rights in a namespace to its ServiceAccount of that name. */
async function bindRole(
  cluster: Cluster,
  namespace: string,
  name: string,
  rules: readonly object[],
): Promise<void> {
  const RBAC = "rbac.authorization.k8s.io";
  await cluster.apply([
    { apiVersion: `${RBAC}/v1`, kind: "Role", metadata: { name }, rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    },
  ], namespace);
}

/** A control plane as the operator would leave it, with its Deployment and its Service. */
async function controlPlane(cluster: Cluster, namespace: string, name: string): Promise<void> {
  const root = `/apis/coder.com/v1alpha1/namespaces/${namespace}/codercontrolplanes`;
  const { metadata } = await cluster.request("POST", root, {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { name },
    spec: {},
  });
  const condition = {
    type: "Ready",
    status: "True",
    reason: "Ready",
    message: "Coder answers",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };
  await cluster.request("PATCH", `${root}/${name}/status`, {
    status: {
      observedGeneration: 1,
      phase: "Ready",
      readyReplicas: 2,
      url: `http://${name}.${namespace}.svc.cluster.local:80`,
      version: "v2.30.0",
      conditions: [condition],
    },
  });
  const labels = podLabels(name);
  await cluster.apply({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name,
      ownerReferences: [{
        apiVersion: "coder.com/v1alpha1",
        kind: "CoderControlPlane",
        name,
        uid: metadata.uid,
        controller: true,
      }],
    },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "coder", image: "ghcr.io/coder/coder:v2.30.0" }] },
      },
    },
  }, namespace);
}

Deno.test("control planes, their pods, Deployments and Services are shown as far as the API server lets somebody", async () => {
  const cluster = await sharedCluster();
  await installOperator(cluster);
  const namespace = await cluster.newNamespace("planes");
  for (const name of ["second", "main"]) await controlPlane(cluster, namespace, name);
  const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace, name: "viewer" });
  await bindRole(cluster, namespace, "viewer", [
    { apiGroups: ["coder.com"], resources: ["codercontrolplanes"], verbs: ["get", "list"] },
    { apiGroups: ["apps"], resources: ["deployments"], verbs: ["get"] },
    { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
  ]);
  using admin = callerOf(cluster.kubeconfig);
  using viewer = callerOf(kubeconfig);
  const args = { namespace, name: "main" };

  const { items } = await waitFor(async () => {
    const answer = await viewer.run("list_control_planes", { namespace }).catch(() => undefined);
    return answer;
  }, { what: "the viewer's rights to count" });
  assert.deepEqual(
    items.map(({ name, phase, readyReplicas }: Record<string, unknown>) => [
      name,
      phase,
      readyReplicas,
    ]),
    [["main", "Ready", 2], ["second", "Ready", 2]],
  );
  const everywhere = await viewer.refuses("list_control_planes");
  assert.equal(everywhere.code, "forbidden");
  assert.match(
    everywhere.message,
    /^list CoderControlPlane resources: .*name a namespace that you may read$/,
  );
  assert.ok((await admin.run("list_control_planes")).items.length >= 2);

  const status = await viewer.run("get_control_plane_status", args);
  assert.deepEqual([status.phase, status.version, status.conditions[0].reason], [
    "Ready",
    "v2.30.0",
    "Ready",
  ]);

  const deployment = await waitFor(async () => {
    const answer = await viewer.run("get_control_plane_deployment_status", args);
    return answer.readyReplicas === 2 && answer.unavailableReplicas === 0 ? answer : undefined;
  }, { what: "the Deployment to be rolled out" });
  assert.deepEqual([deployment.replicas, deployment.unavailableReplicas], [2, 0]);
  const types = deployment.conditions.map(({ type }: { type: string }) => type);
  assert.deepEqual(types, [...types].sort());

  const pods = await viewer.run("list_control_plane_pods", args);
  assert.equal(pods.items.length, 2);
  for (const pod of pods.items) {
    assert.deepEqual([pod.phase, pod.readyContainers, pod.totalContainers], ["Running", 1, 1]);
    assert.match(pod.name, /^main-/);
  }
  const first = await viewer.run("list_control_plane_pods", { ...args, limit: 1 });
  assert.deepEqual([first.items.length, first.truncated, first.total], [1, true, 2]);
  const gone = await viewer.refuses("list_control_plane_pods", { namespace, name: "gone" });
  assert.equal(gone.code, "not_found");
  assert.match(
    gone.message,
    /^list control plane pods for \S+\/gone: .*codercontrolplanes.coder.com "gone" not found/,
  );

  // As kubectl leaves it: the whole of what was applied is in an annotation.
  await cluster.kubectl(["apply", "--namespace", namespace, "-f", "-"], {
    input: JSON.stringify({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "main", annotations: { "example.com/password": "planted-secret-0815" } },
      spec: { type: "LoadBalancer", ports: [{ port: 80, targetPort: 3000 }] },
    }),
  });
  await cluster.request("PATCH", `/api/v1/namespaces/${namespace}/services/main/status`, {
    status: { loadBalancer: { ingress: [{ ip: "192.0.2.7" }] } },
  });
  const forbidden = await viewer.refuses("get_service_status", args);
  assert.deepEqual([forbidden.code, /^get service \S+\/main: /.test(forbidden.message)], ["forbidden", true]);
  const service = await admin.run("get_service_status", args);
  assert.deepEqual([service.type, service.addresses, service.ports[0].targetPort], [
    "LoadBalancer",
    ["192.0.2.7"],
    "3000",
  ]);
  assert.deepEqual(service.annotations, { "example.com/password": "[redacted]" });
  assert.doesNotMatch(service.text, /planted-secret/);
});

Deno.test("a key is rotated by the operator when a tool asks for it, once, and pods have a good one all the time", async () => {
  await using rig = await ProvisionerRig.start("mcp-rotate");
  await using _operator = await operate(rig);
  const key = await running(rig, { key: { rotateAfter: "2160h" } });
  using witness = new KeyWitness(rig);
  const made = rig.coder.listen({ method: "POST", route: /provisionerkeys/ });
  using caller = callerOf(rig.cluster.kubeconfig);
  const args = { namespace: rig.namespace, name: "prov" };

  const { items } = await caller.run("list_provisioners", { namespace: rig.namespace });
  assert.deepEqual(
    items.map(({ name, controlPlane, readyReplicas }: Record<string, unknown>) => [
      name,
      controlPlane,
      readyReplicas,
    ]),
    [["prov", `${rig.namespace}/${rig.coder.name}`, 1]],
  );
  const status = await caller.run("get_provisioner_status", args);
  assert.deepEqual([status.keyName, status.desiredReplicas], [key.name, 1]);
  const before = await waitFor(async () => {
    const answer = await caller.run("get_provisioner_key_age", args);
    return answer.createdAt === undefined ? undefined : answer;
  }, { what: "the age of the key to be known" });
  assert.deepEqual([before.keyName, before.rotationPending, before.rotateAfter], [key.name, false, "2160h"]);
  assert.ok(before.ageSeconds < 600);

  const { plan, done } = await caller.carriesOut("rotate_provisioner_key", args);
  assert.ok(plan.text.includes(key.name) && !plan.changed);
  assert.deepEqual([done.output["rotationPending"], done.changed], [true, true]);
  const next = await rotated(rig, key);
  await nothingLeft(rig);
  witness.assert(1);
  assert.equal(made().length, 1);
  const after = await waitFor(async () => {
    const answer = await caller.run("get_provisioner_key_age", args);
    return answer.keyName === next.name && !answer.rotationPending ? answer : undefined;
  }, { what: "the status to tell the new key" });
  for (const { text } of [before, after, plan, done]) {
    assert.ok(!text.includes(key.secret) && !text.includes(next.secret));
  }
  // What a rotation is asked of is one provisioner: the API server refuses it for another of the same name.
  const body = { metadata: { uid: crypto.randomUUID(), annotations: { "coder.com/rotate-key": "x" } } };
  await assert.rejects(
    caller.cluster.patch(CoderProvisioners, args, { type: "merge", body }),
    /metadata.uid/,
  );
});

Deno.test("who may only read provisioners learns at the plan that they may rotate nothing", async () => {
  await using rig = await ProvisionerRig.start("mcp-reader");
  await rig.provisioner("prov");
  const { namespace } = rig;
  const kubeconfig = await rig.cluster.serviceAccountKubeconfig({ namespace, name: "reader" });
  await bindRole(rig.cluster, namespace, "reader", [
    { apiGroups: ["coder.com"], resources: ["coderprovisioners"], verbs: ["get", "list"] },
  ]);
  using reader = callerOf(kubeconfig);
  const args = { namespace, name: "prov" };
  await waitFor(() => reader.run("get_provisioner_key_age", args).catch(() => undefined), {
    what: "the reader's rights to count",
  });
  const error = await reader.refuses("rotate_provisioner_key", args);
  assert.equal(error.code, "forbidden");
  assert.match(error.message, /^rotate the key of \S+\/prov: .*cannot patch/);
});

Deno.test("jobs and daemons of a real Coder are told, a licence that its build cannot have, and health", async () => {
  const coderd = await sharedCoderd();
  const { token } = await coderd.firstUser();
  const cluster = await sharedCluster();
  await installOperator(cluster);
  const namespace = await cluster.newNamespace("real");
  await controlPlane(cluster, namespace, "main");
  const id = `${namespace}/main`;
  using caller = callerOf(cluster.kubeconfig, {
    [id]: { url: coderd.url, token },
    // Nobody listens there, and no neighbour will.
    [`${namespace}/away`]: { url: "http://127.0.0.1:1", token },
  });
  const mark = crypto.randomUUID();
  const versions = [await importWith(coderd, token, { mark })];
  try {
    const args = { namespace, controlPlane: "main" };
    const { items } = await caller.run("list_provisioner_jobs", { ...args, status: ["pending"], limit: 200 });
    const job = items.find(({ tags }: { tags?: string }) => tags === `mark=${mark}`);
    assert.deepEqual([job.status, job.type, job.availableWorkers], ["pending", "template_version_import", 0]);
    assert.ok(job.queuePosition >= 1);

    const daemons = await caller.run("list_provisioner_daemons", args);
    assert.ok(daemons.items.length >= 1);
    for (const daemon of daemons.items) {
      assert.equal(daemon.keyName, "built-in");
      assert.ok(["idle", "busy"].includes(daemon.status));
    }

    const licence = await caller.run("get_license_and_entitlements", { namespace, name: "main" });
    assert.deepEqual([licence.source, licence.warnings], ["status", [
      "this build of Coder knows no licences",
    ]]);

    // It gives everybody a second, in which a busy machine may not get to it.
    const health = await waitFor(async () => {
      const answer = await caller.run("check_health");
      return answer.coders[0]?.state === "reachable" ? answer : undefined;
    }, { what: "Coder to answer at once" });
    assert.deepEqual([health.status, health.version, health.kubernetes], ["degraded", VERSION, "reachable"]);
    assert.deepEqual(health.coders.map(({ state }: { state: string }) => state), [
      "reachable",
      "unreachable",
    ]);
    assert.match(health.coders[0].version, /^v2\./);

    const late = AbortSignal.timeout(30_000);
    const away = await caller.refuses("list_provisioner_jobs", { namespace, controlPlane: "away" });
    assert.equal(away.code, "unavailable");
    assert.ok(!late.aborted, "nobody waits for it");
  } finally {
    await cancelImports(coderd, token, versions);
  }
});
