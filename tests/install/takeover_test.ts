/** An installation that somebody else has made becomes ours in place: the Go operator's, and one by kubectl. */
import assert from "node:assert/strict";
import { available } from "../aggregated/app_rig.ts";
import { type Cluster, waitFor } from "../cluster/mod.ts";
import { GO_INSTALLATION } from "../deploy/go_installation.ts";
import { playPods } from "../deploy/played/mod.ts";
import type { Manifest } from "../deploy/variants.ts";
import { API_SERVICE, DEPLOYMENTS, startInstallRig } from "./rig.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const NAMESPACE = "coder-system";
const LABELS = { app: "coder-k8s" };

/** The Go operator's, with a variable that somebody has added. */
function goInstallation(): readonly Manifest[] {
  const objects = structuredClone(GO_INSTALLATION);
  const [container] = objects.find(({ kind }) => kind === "Deployment")?.spec.template.spec.containers ?? [];
  container.env = [{ name: "GO_ONLY", value: "1" }];
  return objects;
}

async function applied(cluster: Cluster, objects: readonly object[], ...flags: string[]): Promise<void> {
  const input = objects.map((object) => JSON.stringify(object)).join("\n");
  await cluster.kubectl(["apply", ...flags, "-f", "-"], { input });
}

Deno.test("the Go operator's installation becomes ours in place, with what is in the cluster, and works", async () => {
  await using rig = await startInstallRig("install-takeover");
  const { cluster } = rig;
  await cluster.kubectl(["apply", "--server-side", "-k", `${root}/crd`]);
  await cluster.kubectl(["wait", "--for=condition=Established", "crd/codercontrolplanes.coder.com"]);
  await applied(cluster, goInstallation());
  await applied(cluster, [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "coder" } },
    {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata: { name: "dev", namespace: "coder" },
      spec: { replicas: 0 },
    },
  ]);
  const servicePath = `/api/v1/namespaces/${NAMESPACE}/services/coder-k8s-apiserver`;
  const before = await cluster.request("GET", servicePath);
  const uid = (await cluster.request("GET", `${DEPLOYMENTS}/coder-k8s`)).metadata.uid;

  const { lines } = await rig.install([]);
  assert.ok(lines.includes("  takes over from kubectl-client-side-apply"), lines.join("\n"));
  const deployment = await cluster.request("GET", `${DEPLOYMENTS}/coder-k8s`);
  assert.equal(deployment.metadata.uid, uid, "the Deployment is the same one");
  const [container] = deployment.spec.template.spec.containers;
  assert.ok(
    !container.env.some(({ name }: { name: string }) => name === "GO_ONLY"),
    "what we do not set is gone",
  );
  assert.equal(
    deployment.metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"],
    undefined,
  );
  assert.equal((await cluster.request("GET", servicePath)).spec.clusterIP, before.spec.clusterIP);
  assert.equal((await cluster.request("GET", API_SERVICE)).spec.insecureSkipTLSVerify, undefined);
  assert.ok(await cluster.find("/apis/coder.com/v1alpha1/namespaces/coder/codercontrolplanes/dev"));

  await using played = await playPods(cluster, { replicas: 1 });
  await played.settled();
  await available(cluster);
  await waitFor(async () => (await cluster.request("GET", API_SERVICE)).spec.caBundle !== undefined, {
    what: "the authority of the server in the APIService",
  });
  const again = await rig.install([]);
  assert.ok(!again.lines.some((line) => line.includes("takes over from")), again.lines.join("\n"));
  assert.ok((await cluster.request("GET", API_SERVICE)).spec.caBundle, "what the server has written stays");
});

Deno.test("what kubectl has applied on the server's side becomes ours, and what a later version has no more goes", async () => {
  await using rig = await startInstallRig("install-kubectl");
  const { cluster } = rig;
  await cluster.kubectl(["apply", "--server-side", "-k", `${root}/deploy`]);
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], {
    input: JSON.stringify({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "coder-k8s", namespace: NAMESPACE, labels: { ...LABELS, old: "label" } },
      spec: { selector: LABELS, ports: [{ name: "mcp", port: 8090, targetPort: 8090 }] },
    }),
  });
  const { lines, result } = await rig.install([]);
  assert.equal(result.counts.created, 0, lines.join("\n"));
  const service = await cluster.request("GET", `/api/v1/namespaces/${NAMESPACE}/services/coder-k8s`);
  assert.equal(service.metadata.labels.old, undefined);
  const managers = service.metadata.managedFields.map(({ manager }: { manager: string }) => manager);
  assert.deepEqual(managers, ["coder-k8s-install"]);
  await rig.install([]);
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-k", `${root}/deploy`]);
  const back = await rig.install([]);
  assert.equal(back.result.counts.created, 0, "both ways go side by side");
});
