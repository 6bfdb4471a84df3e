/** The life of a release on the real cluster: install, upgrade, roll back, uninstall; CRDs and people's objects. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { type Cluster, startCluster, waitFor } from "../cluster/mod.ts";
import { GO_INSTALLATION } from "../deploy/go_installation.ts";
import { CHART, helm, type HelmResult, type Rendered, valuesInput } from "./helm.ts";
import { NEW_FIELD, olderChart } from "./older_chart.ts";

const NAMESPACE = "coder-system";
const TIMEOUT_MS = 240_000;
const API_SERVICE = "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.aggregation.coder.com";
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;

/** `helm` on the cluster, as its administrator. */
function release(cluster: Cluster, args: readonly string[], values: object = {}): Promise<HelmResult> {
  const { args: given, input } = valuesInput(values);
  const call = [...args, "--namespace", NAMESPACE, ...takesValues(args) ? given : []];
  return helm(call, { kubeconfig: cluster.kubeconfig, input, timeoutMs: TIMEOUT_MS });
}

const takesValues = ([command]: readonly string[]) => command === "install" || command === "upgrade";

const install = (cluster: Cluster, values: object = {}, more: readonly string[] = [], chart = CHART) =>
  release(
    cluster,
    ["install", "coder-k8s", chart, "--create-namespace", "--wait", "--timeout=3m", ...more],
    values,
  );

const upgrade = (cluster: Cluster, values: object = {}, more: readonly string[] = [], chart = CHART) =>
  release(cluster, ["upgrade", "coder-k8s", chart, "--wait", "--timeout=3m", ...more], values);

const uninstall = (cluster: Cluster) =>
  release(cluster, ["uninstall", "coder-k8s", "--wait", "--timeout=3m"]);

async function controlPlaneFields(cluster: Cluster): Promise<string[]> {
  const crd = await cluster.request(
    "GET",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/codercontrolplanes.coder.com",
  );
  return Object.keys(crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties);
}

/** A control plane that somebody made. */
async function makeControlPlane(cluster: Cluster, namespace: string): Promise<string> {
  await waitFor(() => cluster.find("/apis/coder.com/v1alpha1"), { what: "the kinds to be served" });
  await cluster.request("POST", `/apis/coder.com/v1alpha1/namespaces/${namespace}/codercontrolplanes`, {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { name: "coder" },
    spec: { image: "ghcr.io/coder/coder:v2.30.0" },
  });
  return `/apis/coder.com/v1alpha1/namespaces/${namespace}/codercontrolplanes/coder`;
}

/** A namespace hangs where the API server cannot know what is in it: where an APIService has nobody behind it. */
async function namespaceGoes(cluster: Cluster, name: string): Promise<void> {
  await cluster.request("DELETE", `/api/v1/namespaces/${name}`);
  await waitFor(async () => await cluster.find(`/api/v1/namespaces/${name}`) === undefined, {
    what: `namespace ${name} to be gone`,
    timeoutMs: TIMEOUT_MS,
  });
}

/** Which addresses the NetworkPolicy of the aggregated API lets in. */
async function apiServerPeers(cluster: Cluster): Promise<string[]> {
  const path = `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/networkpolicies/coder-k8s-apiserver`;
  const { spec } = await cluster.request("GET", path);
  return spec.ingress[0].from.flatMap(({ ipBlock }: Rendered) => ipBlock === undefined ? [] : [ipBlock.cidr]);
}

/** As an API server makes it that others reach. */
const API_SERVER_ADDRESSES = ["198.51.100.7", "2001:db8::7"].map((address) => {
  const isSix = address.includes(":");
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: isSix ? "kubernetes-ipv6" : "kubernetes",
      namespace: "default",
      labels: { "kubernetes.io/service-name": "kubernetes" },
    },
    addressType: isSix ? "IPv6" : "IPv4",
    endpoints: [{ addresses: [address] }],
    ports: [{ name: "https", port: 6443, protocol: "TCP" }],
  };
});

async function deployments(cluster: Cluster): Promise<Record<string, number>> {
  const { items } = await cluster.request("GET", DEPLOYMENTS);
  return Object.fromEntries(items.map(({ metadata, spec }: Rendered) => [metadata.name, spec.replicas]));
}

Deno.test("a release is installed, upgraded with its CRDs, rolled back and uninstalled; people's objects stay", async () => {
  const dir = await Deno.makeTempDir({ prefix: "coder-k8s-helm-" });
  await using cluster = await startCluster({ name: "helm-release" });
  try {
    const older = await olderChart(dir);
    const { stdout: notes } = await install(cluster, {}, [], older);
    match(notes, /rollout status deployment\/coder-k8s/);
    deepEqual(await deployments(cluster), { "coder-k8s": 2 });
    ok(!(await controlPlaneFields(cluster)).includes(NEW_FIELD));
    const people = await cluster.newNamespace("people");
    const controlPlane = await makeControlPlane(cluster, people);
    const { metadata: { uid } } = await cluster.request("GET", controlPlane);
    const bundle = btoa("bundle");
    await cluster.request("PATCH", API_SERVICE, { spec: { caBundle: bundle } });
    const service = `/api/v1/namespaces/${NAMESPACE}/services/coder-k8s-apiserver`;
    const { spec: { clusterIP } } = await cluster.request("GET", service);

    const values = {
      mode: "split",
      size: "medium",
      config: { logLevel: "debug" },
      networkPolicy: { enabled: true },
    };
    match((await upgrade(cluster, values)).stdout, /WARNING: networkPolicy\.apiServerCIDRs is empty/);
    deepEqual(
      await apiServerPeers(cluster),
      ["192.0.2.0/24"],
      "an API server on loopback has no addresses to look up",
    );
    await cluster.apply(API_SERVER_ADDRESSES);
    ok(!(await upgrade(cluster, values)).stdout.includes("WARNING"));
    deepEqual(await apiServerPeers(cluster), ["198.51.100.7/32", "2001:db8::7/128"]);
    deepEqual(await deployments(cluster), { "coder-k8s": 2, "coder-k8s-apiserver": 2, "coder-k8s-mcp": 2 });
    ok((await controlPlaneFields(cluster)).includes(NEW_FIELD), "CRDs are upgraded with the chart");
    equal((await cluster.request("GET", API_SERVICE)).spec.caBundle, bundle, "what the server wrote stays");
    equal((await cluster.request("GET", service)).spec.clusterIP, clusterIP);
    equal((await cluster.request("GET", service)).spec.selector.app, "coder-k8s-apiserver");

    const { items: records } = await cluster.request(
      "GET",
      `/api/v1/namespaces/${NAMESPACE}/secrets?labelSelector=owner%3Dhelm`,
    );
    equal(records.length, 3);
    for (const { metadata, data } of records) {
      const bytes = atob(data.release).length;
      ok(bytes < 700_000, `${metadata.name} has ${bytes} bytes; Kubernetes takes 1 MiB`);
    }

    await release(cluster, ["rollback", "coder-k8s", "1", "--wait", "--timeout=3m"]);
    deepEqual(await deployments(cluster), { "coder-k8s": 2 }, "what only the newer release had is gone");
    equal((await cluster.request("GET", service)).spec.selector.app, "coder-k8s");
    equal((await cluster.request("GET", controlPlane)).metadata.uid, uid);
    await upgrade(cluster);
    ok((await controlPlaneFields(cluster)).includes(NEW_FIELD));

    await uninstall(cluster);
    equal(await cluster.find(API_SERVICE), undefined);
    deepEqual(await deployments(cluster), {});
    equal(
      (await cluster.request("GET", controlPlane)).metadata.uid,
      uid,
      "control planes outlive the release",
    );
    await namespaceGoes(cluster, NAMESPACE);

    await install(cluster, { highlyAvailable: true });
    deepEqual(await deployments(cluster), { "coder-k8s": 3 });
    equal((await cluster.request("GET", controlPlane)).metadata.uid, uid);
    await uninstall(cluster);
    await namespaceGoes(cluster, people);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("an installation that kubectl made is taken over: the Go operator's, and one of deploy/", async () => {
  await using cluster = await startCluster({ name: "helm-adopt" });
  const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
  await cluster.kubectl(["apply", "--server-side", "-k", `${root}/crd`]);
  const input = GO_INSTALLATION.map((object) => JSON.stringify(object)).join("\n---\n");
  await cluster.kubectl(["apply", "-f", "-"], { input });
  const people = await cluster.newNamespace("people");
  const controlPlane = await makeControlPlane(cluster, people);
  const service = `/api/v1/namespaces/${NAMESPACE}/services/coder-k8s`;
  const before = await cluster.request("GET", service);
  const { metadata: { uid } } = await cluster.request("GET", `${DEPLOYMENTS}/coder-k8s`);

  await rejects(install(cluster), /invalid ownership metadata|cannot be imported/, "not without being told");
  await install(cluster, {}, ["--take-ownership"]);
  const deployment = await cluster.request("GET", `${DEPLOYMENTS}/coder-k8s`);
  equal(deployment.metadata.uid, uid, "changed in place");
  equal(deployment.spec.replicas, 2);
  equal(deployment.spec.template.spec.securityContext.runAsUser, 1000);
  equal((await cluster.request("GET", service)).spec.clusterIP, before.spec.clusterIP);
  equal((await cluster.request("GET", API_SERVICE)).spec.insecureSkipTLSVerify, undefined);
  ok(await cluster.find(controlPlane) !== undefined);
  await uninstall(cluster);

  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-k", `${root}/deploy`]);
  await install(cluster, {}, ["--take-ownership"]);
  deepEqual(await deployments(cluster), { "coder-k8s": 2 });
  await uninstall(cluster);
  equal(await cluster.find(API_SERVICE), undefined);
  ok(await cluster.find(controlPlane) !== undefined);
  await namespaceGoes(cluster, people);
  await namespaceGoes(cluster, NAMESPACE);
});
