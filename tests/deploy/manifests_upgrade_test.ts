/** `kubectl apply -k deploy/` over an installation of the Go operator, and over one of ours. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { type Cluster, startCluster, waitFor } from "../cluster/mod.ts";
import { GO_DEFINITIONS, GO_INSTALLATION } from "./go_installation.ts";
import { DEPLOY, type Manifest } from "./variants.ts";

const SYSTEM = "namespaces/coder-system";
const DEPLOYMENT = `/apis/apps/v1/${SYSTEM}/deployments/coder-k8s`;
const API_SERVICE = "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.aggregation.coder.com";
const CONTROL_PLANE = "/apis/coder.com/v1alpha1/namespaces/coder/codercontrolplanes/dev";
/** What must still be the same object afterwards. */
const KEPT = [
  DEPLOYMENT,
  API_SERVICE,
  CONTROL_PLANE,
  `/api/v1/${SYSTEM}/services/coder-k8s`,
  `/api/v1/${SYSTEM}/services/coder-k8s-apiserver`,
  `/api/v1/${SYSTEM}/serviceaccounts/coder-k8s`,
  "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/coder-k8s",
  "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/coder-k8s-auth-delegator",
  "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings/coder-k8s-authentication-reader",
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/codercontrolplanes.coder.com",
];

async function applied(cluster: Cluster, objects: readonly object[], ...flags: string[]): Promise<void> {
  const input = objects.map((object) => JSON.stringify(object)).join("\n");
  await cluster.kubectl(["apply", ...flags, "-f", "-"], { input });
}

/** The Go operator's, with a control plane in it, as it was applied by whoever. */
async function goInstallation(cluster: Cluster, ...flags: string[]): Promise<void> {
  await applied(cluster, GO_DEFINITIONS, ...flags);
  await cluster.kubectl(["wait", "--for=condition=Established", "crd/codercontrolplanes.coder.com"]);
  await applied(cluster, GO_INSTALLATION, ...flags);
  await applied(cluster, [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "coder" } },
    {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata: { name: "dev", namespace: "coder" },
      spec: { image: "ghcr.io/coder/coder:v2.30.0", replicas: 1 },
    },
  ], ...flags);
  await replicas(cluster, 1);
}

async function replicas(cluster: Cluster, count: number): Promise<Manifest> {
  return await waitFor(async () => {
    const { metadata, status, spec } = await cluster.request("GET", DEPLOYMENT);
    const isSettled = status.observedGeneration === metadata.generation && status.updatedReplicas === count &&
      status.readyReplicas === count && status.replicas === count;
    return isSettled ? spec : undefined;
  }, { what: `${count} pods of this version, and no other`, timeoutMs: 240_000 });
}

async function uids(cluster: Cluster): Promise<Record<string, string>> {
  const found = await Promise.all(
    KEPT.map(async (path) => [path, (await cluster.request("GET", path)).metadata.uid]),
  );
  return Object.fromEntries(found);
}

async function addresses(cluster: Cluster): Promise<string[]> {
  const { items } = await cluster.request("GET", `/api/v1/${SYSTEM}/services`);
  return items.map(({ metadata, spec }: Manifest) => `${metadata.name} ${spec.clusterIP}`);
}

const FORCED = ["--server-side", "--force-conflicts"];

for (
  const [how, before, flags] of [
    ["by kubectl apply, taken over server-side", [], FORCED],
    ["by kubectl apply, taken over the same way", [], []],
    [
      "server-side by somebody else, taken over server-side",
      ["--server-side", "--field-manager=argocd"],
      FORCED,
    ],
  ] as const
) {
  Deno.test(`an installation of the Go operator that was made ${how} becomes ours in place`, async () => {
    await using cluster = await startCluster({ nodes: 2 });
    await goInstallation(cluster, ...before);
    const [was, reached] = [await uids(cluster), await addresses(cluster)];

    await cluster.kubectl(["apply", ...flags, "-k", DEPLOY]);

    const spec = await replicas(cluster, 2);
    deepEqual(await uids(cluster), was, "nothing was made anew");
    deepEqual(await addresses(cluster), reached, "Services keep their addresses");
    deepEqual(spec.selector.matchLabels, { app: "coder-k8s" });
    const [container] = spec.template.spec.containers;
    deepEqual([container.args, container.ports.length], [["all"], 4]);
    equal(spec.template.spec.securityContext.runAsUser, 1000);
    const { spec: plane } = await cluster.request("GET", CONTROL_PLANE);
    deepEqual([plane.image, plane.replicas], ["ghcr.io/coder/coder:v2.30.0", 1]);
    // Its own rights on Leases everywhere went with the role's rules.
    const role = await cluster.request("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/manager-role");
    ok(!JSON.stringify(role.rules).includes("coordination.k8s.io"));
    // Who applied it server-side under another name owns the field until the server itself takes it away.
    if (before.length === 0) {
      equal((await cluster.request("GET", API_SERVICE)).spec.insecureSkipTLSVerify, undefined);
    }
  });
}

Deno.test("applying ours again changes nothing, and leaves to the server what the server wrote", async () => {
  await using cluster = await startCluster({ nodes: 2 });
  const apply = () => cluster.kubectl(["apply", ...FORCED, "-k", DEPLOY]);
  await apply();
  await replicas(cluster, 2);
  const caBundle = btoa("bundle");
  await cluster.request("PATCH", API_SERVICE, { spec: { caBundle } });
  const versions = async () => {
    const paths = KEPT.filter((path) =>
      path !== CONTROL_PLANE && path !== DEPLOYMENT && path !== API_SERVICE
    );
    return await Promise.all(
      paths.map(async (path) => (await cluster.request("GET", path)).metadata.resourceVersion),
    );
  };
  const [before, generation] = [
    await versions(),
    (await cluster.request("GET", DEPLOYMENT)).metadata.generation,
  ];
  await apply();
  deepEqual(await versions(), before);
  equal((await cluster.request("GET", DEPLOYMENT)).metadata.generation, generation);
  equal((await cluster.request("GET", API_SERVICE)).spec.caBundle, caBundle);
});
