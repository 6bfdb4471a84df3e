/** What the real API server, scheduler and controllers say of pods is understood, not only what tests remember of it. */
import assert from "node:assert/strict";
import { collectNetworkPolicies } from "../../src/diagnosis/collect/pod_details.ts";
import { collectWorkspacePods } from "../../src/diagnosis/collect/pods.ts";
import { Looker } from "../../src/diagnosis/look.ts";
import { POD_RULES } from "../../src/diagnosis/rules/pods/mod.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { clientCluster } from "../../src/mcp/caller/client_cluster.ts";
import { type Cluster, sharedCluster, waitFor } from "../cluster/mod.ts";

const DEV = { name: "dev", image: "codercom/enterprise-base:ubuntu" };

interface Case {
  /** The rule that names it; absent: nothing is wrong. */
  readonly rule?: string;
  readonly says?: RegExp;
  readonly quotes?: RegExp;
  /** Makes something before the pods. */
  readonly before?: (place: Place) => Promise<unknown>;
  /** Of the pods. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** By a Deployment, as templates do. @default a pod alone */
  readonly deployed?: boolean;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Does something once they are made. */
  readonly made?: (place: Place) => Promise<unknown>;
  /** Takes away what the namespace does not take with it. */
  readonly after?: (place: Place) => Promise<unknown>;
  /** How long ago all that was, in milliseconds. */
  readonly later?: number;
}

interface Place {
  readonly cluster: Cluster;
  readonly namespace: string;
  create(object: Named): Promise<unknown>;
}

interface Named {
  readonly apiVersion: string;
  readonly kind: string;
  readonly [more: string]: unknown;
}

const WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

function podPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/pods/dev`;
}

const mounts = (claimName: string) => ({
  containers: [DEV],
  volumes: [{ name: "home", persistentVolumeClaim: { claimName } }],
});
const claim = (name: string, spec: object = {}) => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
});
const asks = (requests: object) => ({ ...DEV, resources: { requests } });

const CASES: Readonly<Record<string, Case>> = {
  "a Deployment that is well": { spec: { containers: [DEV] }, deployed: true },
  "a LimitRange": {
    rule: "limit-range",
    says:
      /refuses the pod of ReplicaSet \S+\/dev-\w+: maximum cpu usage per Container is 2, but limit is 4\.$/,
    quotes: /is forbidden: maximum cpu usage/,
    before: ({ create }) =>
      create({
        apiVersion: "v1",
        kind: "LimitRange",
        metadata: { name: "limits" },
        spec: { limits: [{ type: "Container", max: { cpu: "2" } }] },
      }),
    spec: { containers: [{ ...DEV, resources: { limits: { cpu: "4" } } }] },
    deployed: true,
  },
  "a quota that wants limits": {
    rule: "resource-quota-exceeded",
    says: /ResourceQuota \S+\/team wants limits\.cpu, limits\.memory of every container/,
    before: ({ create }) =>
      create({
        apiVersion: "v1",
        kind: "ResourceQuota",
        metadata: { name: "team" },
        spec: { hard: { "limits.cpu": "4", "limits.memory": "8Gi" } },
      }),
    spec: { containers: [DEV] },
    deployed: true,
  },
  "a quota that is used up": {
    rule: "resource-quota-exceeded",
    says:
      /ResourceQuota \S+\/team has no room for the pod of ReplicaSet \S+: requests\.cpu: 3 asked, 0 of 2 used\.$/,
    quotes: /requests\.cpu 0 of 2/,
    before: ({ create }) =>
      create({
        apiVersion: "v1",
        kind: "ResourceQuota",
        metadata: { name: "team" },
        spec: { hard: { "requests.cpu": "2" } },
      }),
    spec: { containers: [asks({ cpu: "3" })] },
    deployed: true,
  },
  "a service account that is not there": {
    rule: "service-account-missing",
    says: /^The service account \S+\/nobody, which the pod of ReplicaSet \S+ needs, does not exist\.$/,
    spec: { containers: [DEV], serviceAccountName: "nobody" },
    deployed: true,
  },
  "a webhook that does not answer": {
    rule: "admission-webhook-denied",
    says:
      /^The admission webhook pods\.words\.test, which is asked for each pod of ReplicaSet \S+, does not answer: /,
    before: ({ cluster, namespace }) =>
      cluster.request("POST", WEBHOOKS, {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingWebhookConfiguration",
        metadata: { name: namespace },
        webhooks: [{
          name: "pods.words.test",
          clientConfig: { url: "https://127.0.0.1:1/validate" },
          rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
          failurePolicy: "Fail",
          sideEffects: "None",
          admissionReviewVersions: ["v1"],
        }],
      }),
    after: ({ cluster, namespace }) => cluster.request("DELETE", `${WEBHOOKS}/${namespace}`),
    spec: { containers: [DEV] },
    deployed: true,
  },
  "pod security": {
    rule: "pod-security-denied",
    says:
      /^Pod security \(baseline:latest\) of the namespace refuses the pod of ReplicaSet \S+: host namespaces\.$/,
    before: ({ cluster, namespace }) =>
      cluster.request("PATCH", `/api/v1/namespaces/${namespace}`, {
        metadata: { labels: { "pod-security.kubernetes.io/enforce": "baseline" } },
      }),
    spec: { containers: [DEV], hostPID: true },
    deployed: true,
  },
  "a claim that is not there": {
    rule: "claim-missing",
    says: /^The volume claim \S+\/gone, which pod \S+\/dev mounts, does not exist\.$/,
    quotes: /persistentvolumeclaim "gone" not found/,
    spec: mounts("gone"),
  },
  "a claim without a class": {
    rule: "pvc-pending",
    says: /\/home gets no volume: it names no storage class, and there is no default one\.$/,
    before: ({ create }) => create(claim("home")),
    spec: mounts("home"),
  },
  "a claim of a class that is not there": {
    rule: "pvc-pending",
    says: /\/home gets no volume: there is no storage class nowhere\.$/,
    before: ({ create }) => create(claim("home", { storageClassName: "nowhere" })),
    spec: mounts("home"),
  },
  "rules about other pods": {
    rule: "unschedulable-pods",
    says: /its rules about other pods/,
    quotes: /didn't match pod affinity rules/,
    spec: {
      containers: [DEV],
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{
            labelSelector: { matchLabels: { app: "nobody" } },
            topologyKey: "kubernetes.io/hostname",
          }],
        },
      },
    },
  },
  "a device that no node has": {
    rule: "unschedulable-resources",
    says: /it asks for 1 nvidia\.com\/gpu, which no node has\.$/,
    spec: { containers: [{ ...DEV, resources: { limits: { "nvidia.com/gpu": "1" } } }] },
  },
  "an init container that asks for too much": {
    rule: "unschedulable-resources",
    says: /it asks for 5000Gi memory, and no node has more than /,
    spec: { containers: [DEV], initContainers: [{ ...asks({ memory: "5000Gi" }), name: "init" }] },
  },
  "affinity to a zone": {
    rule: "unschedulable-affinity",
    says: /wants: example\.com\/zone in \(a, b\)\.$/,
    spec: {
      containers: [DEV],
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{
              matchExpressions: [{ key: "example.com/zone", operator: "In", values: ["a", "b"] }],
            }],
          },
        },
      },
    },
  },
  "a scheduling gate": {
    rule: "pod-not-scheduled",
    says: /waits until its scheduling gates are removed\.$/,
    spec: { containers: [DEV], schedulingGates: [{ name: "example.com/quota" }] },
    later: 60_000,
  },
  "a scheduler that does not run": {
    rule: "pod-not-scheduled",
    says: /^No scheduler has looked at pod \S+\/dev yet/,
    spec: { containers: [DEV], schedulerName: "nobody" },
    later: 60_000,
  },
  "a finalizer of somebody": {
    rule: "pod-stuck-terminating",
    says: /should be gone since \S+: the finalizer example\.com\/backup holds it\.$/,
    spec: { containers: [DEV] },
    metadata: { finalizers: ["example.com/backup"] },
    made: ({ cluster, namespace }) => cluster.request("DELETE", podPath(namespace)),
    after: ({ cluster, namespace }) =>
      cluster.request("PATCH", podPath(namespace), { metadata: { finalizers: null } }),
    later: 300_000,
  },
};

Deno.test("words of the API server, the scheduler and the controllers are understood", async (t) => {
  const cluster = await sharedCluster();
  using client = closing(
    createRestClient({ connection: loadKubeConfig({ kubeconfig: cluster.kubeconfig }) }),
  );
  const asked = clientCluster(client.client);
  const runs = Object.entries(CASES).map(([name, one]) => ({ name, run: prove(one, cluster, asked) }));
  await Promise.allSettled(runs.map(({ run }) => run));
  for (const { name, run } of runs) await t.step(name, () => run);
});

function closing(client: ReturnType<typeof createRestClient>) {
  return { client, [Symbol.dispose]: () => client.close() };
}

async function prove(one: Case, cluster: Cluster, asked: ReturnType<typeof clientCluster>): Promise<void> {
  const namespace = await cluster.newNamespace("words");
  const id = crypto.randomUUID();
  const place: Place = {
    cluster,
    namespace,
    create(object) {
      const { apiVersion, kind } = object;
      const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
      return cluster.request("POST", `${group}/namespaces/${namespace}/${kind.toLowerCase()}s`, object);
    },
  };
  try {
    await one.before?.(place);
    await place.create(workload(one, { "com.coder.workspace.id": id }));
    await one.made?.(place);
    if (one.rule === undefined) {
      await cluster.kubectl(["-n", namespace, "rollout", "status", "deployment/dev", "--timeout=120s"]);
    }
    await waitFor(async () => check(one, await diagnosed(id, namespace, one, asked)), {
      what: one.rule ?? "nothing to be wrong",
      timeoutMs: 120_000,
    });
  } finally {
    await one.after?.(place);
  }
}

function workload(
  { spec, metadata = {}, deployed = false }: Case,
  labels: Record<string, string>,
): Named {
  if (!deployed) {
    return { apiVersion: "v1", kind: "Pod", metadata: { name: "dev", labels, ...metadata }, spec };
  }
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "dev", labels },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
}

async function diagnosed(
  id: string,
  namespace: string,
  { later = 0 }: Case,
  cluster: ReturnType<typeof clientCluster>,
) {
  const world = { cluster, coders: undefined as never, now: () => Date.now() + later };
  const subject = { kind: "workspace", namespace, name: "default.ann.dev" } as const;
  const looker = new Looker(subject, world, AbortSignal.timeout(60_000));
  await collectWorkspacePods(looker, id, [namespace]);
  await collectNetworkPolicies(looker);
  assert.ok(looker.calls.kubernetes <= 9, `${looker.calls.kubernetes} requests`);
  const facts = looker.facts();
  return POD_RULES.flatMap((rule) => rule.find(facts).map((finding) => ({ rule, finding })));
}

/** Throws until it is as it should be. */
function check(
  { rule, says = /./, quotes = /./ }: Case,
  found: Awaited<ReturnType<typeof diagnosed>>,
): true {
  const told = found.map(({ rule, finding }) => `${rule.id}: ${finding.cause}`).join("\n");
  if (rule === undefined) {
    assert.equal(told, "");
    return true;
  }
  const named = found.find((one) => one.rule.id === rule);
  assert.ok(named !== undefined, `${rule} is not among: ${told}`);
  assert.match(named.finding.cause, says);
  assert.ok(
    named.finding.evidence.some(({ quote }) => quotes.test(quote)),
    JSON.stringify(named.finding.evidence),
  );
  // What else is named follows from it.
  for (const other of found) {
    assert.ok(
      other === named || rule === other.rule.id || named.rule.explains?.includes(other.rule.id),
      told,
    );
  }
  return true;
}
