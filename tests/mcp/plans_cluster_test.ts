/** Keys and plans that replicas share through a real API server, with no more rights than they need. */
import assert from "node:assert/strict";
import { sharedSecrets } from "../../src/app/mcp/plans.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { CountingMetrics } from "../../src/kube/testing/counting_metrics.ts";
import { recordingLogger } from "../../src/kube/testing/recording_logger.ts";
import { ClusterClaims } from "../../src/mcp/confirm/mod.ts";
import { ToolError } from "../../src/mcp/errors.ts";
import { bindingOf } from "../../src/mcp/run.ts";
import { Redactor } from "../../src/telemetry/redactor.ts";
import { type Cluster, type FaultRig, serviceAccountUser, sharedCluster } from "../cluster/mod.ts";
import { untilAllowed } from "../deploy/access.ts";

/** What a process needs in its own namespace, and nothing else. */
const RULES = [
  { apiGroups: [""], resources: ["secrets"], verbs: ["create"] },
  { apiGroups: [""], resources: ["secrets"], resourceNames: ["coder-k8s-mcp-keys"], verbs: ["get", "patch"] },
  { apiGroups: [""], resources: ["configmaps"], verbs: ["create", "delete", "get", "list"] },
];
/** One right of each of them. */
const RIGHTS = [
  { verb: "create", resource: "secrets" },
  { verb: "patch", resource: "secrets", name: "coder-k8s-mcp-keys" },
  { verb: "list", resource: "configmaps" },
];
const RBAC = "rbac.authorization.k8s.io";
const binding = bindingOf(
  "delete_workspace",
  { name: "a" },
  { summary: "Delete a", preconditions: {} },
  "ann",
);

async function setUp(rules: readonly object[] = RULES) {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("plans");
  const faults = await cluster.newFaults();
  const name = "mcp";
  await cluster.apply([
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace, name } },
    { apiVersion: `${RBAC}/v1`, kind: "Role", metadata: { namespace, name }, rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: { namespace, name },
      roleRef: { apiGroup: RBAC, kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", namespace, name }],
    },
  ]);
  const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace, name, throughFaults: faults });
  // A process that may not read the keys goes on with its own.
  if (rules.length > 0) {
    const rights = RIGHTS.map((right) => ({ ...right, namespace }));
    await untilAllowed(cluster, serviceAccountUser({ namespace, name }), rights);
  }
  return {
    cluster,
    faults,
    namespace,
    kubeconfig,
    replica: () => startReplica(namespace, kubeconfig),
    claims: () => claimsIn(cluster, namespace),
    [Symbol.asyncDispose]: () => faults.close(),
  } satisfies { faults: FaultRig } & Record<string | symbol, unknown>;
}

async function startReplica(namespace: string, kubeconfig: string) {
  const client = createRestClient({ connection: loadKubeConfig({ kubeconfig }), qps: 1_000, burst: 1_000 });
  const { logger: log, lines } = recordingLogger();
  const metrics = new CountingMetrics();
  const redactor = new Redactor();
  const secrets = sharedSecrets({ client, ownNamespace: namespace, redactor, metrics, log });
  const end = new AbortController();
  const running = secrets.runnables.map(({ run }) => run(end.signal));
  await secrets.whenReady(AbortSignal.timeout(120_000));
  return {
    ...secrets,
    client,
    lines,
    metrics,
    redactor,
    async [Symbol.asyncDispose]() {
      end.abort(new Error("the test is over"));
      await Promise.all(running);
      client.close();
    },
  };
}

async function claimsIn(cluster: Cluster, namespace: string): Promise<string[]> {
  const path = `/api/v1/namespaces/${namespace}/configmaps?labelSelector=mcp.coder.com/carried-out-plan`;
  return (await cluster.request("GET", path)).items.map((item: { metadata: { name: string } }) =>
    item.metadata.name
  );
}

const outcome = (redemption: Promise<void>) =>
  redemption.then(() => "done", (error) => {
    assert.ok(error instanceof ToolError, String(error));
    return error.message;
  });

Deno.test("of two replicas that carry out the same plan at once one does, every time", async () => {
  await using rig = await setUp();
  await using one = await rig.replica();
  await using two = await rig.replica();
  assert.deepEqual(one.keys(), two.keys());
  for (let round = 0; round < 25; round++) {
    const { planToken } = await (round % 2 === 0 ? one : two).plans.issue(binding);
    const outcomes = await Promise.all(
      [one, two, one, two].map(({ plans }) => outcome(plans.redeem(planToken, binding))),
    );
    assert.equal(outcomes.filter((text) => text === "done").length, 1, outcomes.join("\n"));
    assert.equal(outcomes.filter((text) => /used already/.test(text)).length, 3, outcomes.join("\n"));
  }
  assert.equal((await rig.claims()).length, 25);
});

Deno.test("replicas that start at once share the keys of the first, and no log has them", async () => {
  await using rig = await setUp();
  const replicas = await Promise.all(Array.from({ length: 5 }, () => rig.replica()));
  const { data } = await rig.cluster.request(
    "GET",
    `/api/v1/namespaces/${rig.namespace}/secrets/coder-k8s-mcp-keys`,
  );
  for (const replica of replicas) {
    assert.equal(replica.keys().current.toBase64(), data.current);
    assert.ok(!JSON.stringify(replica.lines).includes(data.current));
    assert.equal(replica.redactor.text(data.current), "[redacted]");
    // Once at the start, and again three times a minute.
    assert.ok(replica.metrics.get("coder_k8s_mcp_key_reads_total", { result: "read" }) >= 1);
    await replica[Symbol.asyncDispose]();
  }
});

Deno.test("an answer that is lost costs no plan, and is no second use either", async () => {
  await using rig = await setUp();
  await using one = await rig.replica();
  await using two = await rig.replica();
  const { planToken } = await one.plans.issue(binding);
  using _ = rig.faults.loseAnswer({ verb: "create", resource: "configmaps" }, { times: 1 });
  assert.equal(await outcome(one.plans.redeem(planToken, binding)), "done");
  assert.match(await outcome(two.plans.redeem(planToken, binding)), /used already/);
});

Deno.test("without an API server that answers, no plan is carried out", async () => {
  await using rig = await setUp();
  await using one = await rig.replica();
  const { planToken } = await one.plans.issue(binding);
  {
    using _ = rig.faults.freeze({ resource: "configmaps" });
    const late = AbortSignal.timeout(60_000);
    assert.match(
      await outcome(one.plans.redeem(planToken, binding)),
      /cannot be found out now, nothing was done/,
    );
    assert.ok(!late.aborted, "there is a deadline");
  }
});

Deno.test("without rights keys are of the process alone, one line says so, and plans are refused", async () => {
  await using rig = await setUp([]);
  await using one = await rig.replica();
  await using two = await rig.replica();
  assert.notDeepEqual(one.keys().current, two.keys().current);
  assert.equal(one.lines.filter(({ level }) => level === "warn").length, 1);
  const { planToken } = await one.plans.issue(binding);
  assert.match(await outcome(two.plans.redeem(planToken, binding)), /none that this server has given/);
  assert.match(
    await outcome(one.plans.redeem(planToken, binding)),
    /cannot be found out now, nothing was done/,
  );
});

Deno.test("any replica sweeps what was carried out long ago, with these rights", async () => {
  await using rig = await setUp();
  await using one = await rig.replica();
  const { planToken } = await one.plans.issue(binding);
  await one.plans.redeem(planToken, binding);
  const sweeper = (ahead: number) =>
    new ClusterClaims({ client: one.client, namespace: rig.namespace, now: () => Date.now() + ahead });
  const signal = AbortSignal.timeout(120_000);
  // Five minutes until it is too old, and ten for clocks that differ.
  assert.equal(await sweeper(14 * 60_000).sweep(signal), 0);
  assert.equal(await sweeper(16 * 60_000).sweep(signal), 1);
  assert.deepEqual(await rig.claims(), []);
});

Deno.test("keys are renewed under these rights, once for all replicas", async () => {
  await using rig = await setUp();
  {
    await using _ = await rig.replica();
  }
  const path = `/api/v1/namespaces/${rig.namespace}/secrets/coder-k8s-mcp-keys`;
  const { data: before } = await rig.cluster.request("GET", path);
  const annotations = { "mcp.coder.com/since": new Date(Date.now() - 31 * 86_400_000).toISOString() };
  await rig.cluster.request("PATCH", path, { metadata: { annotations } });
  const replicas = await Promise.all(Array.from({ length: 4 }, () => rig.replica()));
  const { data: after } = await rig.cluster.request("GET", path);
  assert.equal(after.previous, before.current);
  assert.notEqual(after.current, before.current);
  for (const replica of replicas) {
    // Signed with the one that everybody has, until everybody has the other.
    assert.equal(replica.keys().current.toBase64(), before.current);
    assert.deepEqual(replica.keys().all.map((key) => key.toBase64()), [before.current, after.current]);
    await replica[Symbol.asyncDispose]();
  }
});
