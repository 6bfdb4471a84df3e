import { deepEqual, equal, match, ok } from "node:assert/strict";
import { parse, parseAllDocuments } from "yaml";
import { type Cluster, sharedCluster, waitFor } from "../cluster/mod.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** Everything of `deploy/` but the APIService: without a server it would hold up the namespaces of all other tests. */
async function applyManifests(cluster: Cluster): Promise<void> {
  const { stdout } = await cluster.kubectl(["kustomize", `${root}/deploy`]);
  const objects = parseAllDocuments(stdout).map((each) => each.toJS()).filter(({ kind }) =>
    kind !== "APIService"
  );
  const input = objects.map((each) => JSON.stringify(each)).join("\n");
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { input });
}

Deno.test("the manifests apply to a real cluster and the pod passes restricted pod security", async () => {
  const cluster = await sharedCluster();
  await applyManifests(cluster);
  const deployment = await waitFor(async () => {
    const found = await cluster.find("/apis/apps/v1/namespaces/coder-system/deployments/coder-k8s");
    return found?.status?.readyReplicas === 2 ? found : undefined;
  }, { what: "the Deployment coder-k8s to be ready", timeoutMs: 120_000 });
  const pod = deployment.spec.template.spec;
  equal(pod.enableServiceLinks, false);
  equal(pod.serviceAccountName, "coder-k8s");
  const namespace = await cluster.request("GET", "/api/v1/namespaces/coder-system");
  equal(namespace.metadata.labels["pod-security.kubernetes.io/enforce"], "restricted");
});

Deno.test("names, selectors and ports are those of an existing installation", async () => {
  const cluster = await sharedCluster();
  await applyManifests(cluster);
  const get = (path: string) => cluster.request("GET", path);
  const deployment = await get("/apis/apps/v1/namespaces/coder-system/deployments/coder-k8s");
  deepEqual(deployment.spec.selector.matchLabels, { app: "coder-k8s" });
  const [container] = deployment.spec.template.spec.containers;
  const ports = Object.fromEntries(
    container.ports.map((port: { name: string; containerPort: number }) => [port.name, port.containerPort]),
  );
  deepEqual(ports, { health: 8081, metrics: 8080, https: 6443, mcp: 8090 });
  const api = await get("/api/v1/namespaces/coder-system/services/coder-k8s-apiserver");
  deepEqual([api.spec.ports[0].port, api.spec.ports[0].targetPort], [443, 6443]);
  const mcp = await get("/api/v1/namespaces/coder-system/services/coder-k8s");
  deepEqual([mcp.spec.ports[0].port, mcp.spec.ports[0].targetPort], [8090, 8090]);
  const binding = await get("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/coder-k8s");
  equal(binding.roleRef.name, "manager-role");
});

Deno.test("the aggregated API is registered under the Go server's names, verified, and by no bundle of the manifest", async () => {
  const cluster = await sharedCluster();
  const text = await Deno.readTextFile(`${root}/deploy/base/apiservice.yaml`);
  const { metadata, spec } = parse(text);
  equal(metadata.name, "v1alpha1.aggregation.coder.com");
  deepEqual(spec, {
    group: "aggregation.coder.com",
    version: "v1alpha1",
    groupPriorityMinimum: 1000,
    versionPriority: 100,
    service: { name: "coder-k8s-apiserver", namespace: "coder-system", port: 443 },
  });
  await cluster.kubectl(["apply", "--dry-run=server", "-f", "-"], { input: text });
  const { stdout } = await cluster.kubectl(["kustomize", `${root}/deploy`]);
  match(stdout, /kind: APIService/, "it is applied, and removed, with the rest");
  ok(!/insecureSkipTLSVerify: *true/.test(stdout));
});

Deno.test("applying the manifest again leaves the bundle that the server wrote, and takes the Go server's trust away", async () => {
  const cluster = await sharedCluster();
  const name = `v1alpha1.a${crypto.randomUUID().slice(0, 8)}.coder.test`;
  const path = `/apis/apiregistration.k8s.io/v1/apiservices/${name}`;
  const text = await Deno.readTextFile(`${root}/deploy/base/apiservice.yaml`);
  const manifest = parse(text);
  const apply = (more: object, labels = manifest.metadata.labels) => {
    const spec = { ...manifest.spec, group: name.slice("v1alpha1.".length), ...more };
    const input = JSON.stringify({ ...manifest, metadata: { name, labels }, spec });
    return cluster.kubectl(["apply", "-f", "-"], { input });
  };
  try {
    await apply({ insecureSkipTLSVerify: true });
    await apply({});
    equal((await cluster.request("GET", path)).spec.insecureSkipTLSVerify, undefined);
    const caBundle = btoa("bundle");
    await cluster.request("PATCH", path, { spec: { caBundle } });
    await apply({}, { app: "other" });
    const live = await cluster.request("GET", path);
    deepEqual([live.spec.caBundle, live.metadata.labels.app], [caBundle, "other"]);
  } finally {
    await cluster.request("DELETE", path);
  }
});

Deno.test("CRDs fit client-side apply: kubectl apply works without --server-side", async () => {
  const cluster = await sharedCluster();
  const { stdout } = await cluster.kubectl(["apply", "-k", `${root}/crd`]);
  match(stdout, /codercontrolplanes\.coder\.com/);
  for (const kind of ["codercontrolplanes", "coderprovisioners", "coderworkspaceproxies"]) {
    const crd = await cluster.request(
      "GET",
      `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${kind}.coder.com`,
    );
    ok(crd.metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"].length < 262_144);
  }
});

Deno.test("the operator's rules hold no wildcard, no escalation, and of Secrets what its own tokens need", async () => {
  const text = await Deno.readTextFile(`${root}/deploy/base/rbac.yaml`);
  ok(!text.includes("*"), "no wildcard");
  const role = parseAllDocuments(text).map((each) => each.toJS()).find((each) =>
    each.metadata.name === "manager-role"
  );
  for (const rule of role.rules as { resources: string[]; verbs: string[] }[]) {
    for (const verb of ["escalate", "bind", "impersonate"]) ok(!rule.verbs.includes(verb), `no ${verb}`);
    if (rule.resources.includes("secrets")) {
      deepEqual([rule.resources, rule.verbs], [["secrets"], [
        "create",
        "delete",
        "get",
        "list",
        "patch",
        "watch",
      ]]);
    }
  }
});
