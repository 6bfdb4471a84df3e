/** One LIST and WATCH of each kind for the whole process, whatever runs in it. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { freePort } from "../operator/process.ts";
import { startScene } from "./scene.ts";

const KINDS = [
  "codercontrolplanes.coder.com",
  "coderprovisioners.coder.com",
  "coderworkspaceproxies.coder.com",
  "configmaps",
  "customresourcedefinitions.apiextensions.k8s.io",
  "deployments.apps",
  "horizontalpodautoscalers.autoscaling",
  "ingresses.networking.k8s.io",
  "jobs.batch",
  "namespaces",
  "poddisruptionbudgets.policy",
  "pods",
  "rolebindings.rbac.authorization.k8s.io",
  "roles.rbac.authorization.k8s.io",
  "secrets",
  "serviceaccounts",
  "services",
];

Deno.test("mode all lists and watches each kind exactly once", async () => {
  await using scene = await startScene("once");
  const mark = await scene.cluster.audit.mark();
  await using operator = await scene.operator({
    flags: {
      app: "all",
      "aggregated-bind-address": `127.0.0.1:${await freePort()}`,
      "mcp-bind-address": `127.0.0.1:${await freePort()}`,
    },
  });
  await scene.create("one");
  await scene.settled("one");
  await waitFor(() => {
    const missing = KINDS.filter((kind) =>
      scene.faults.countOpen({ watch: true, resource: kind.split(".")[0] ?? "" }) === 0
    );
    return missing.length === 0 || Promise.reject(new Error(`no watch of ${missing.join(", ")}`));
  }, { what: "a watch of each kind" });
  await operator.stop();
  const view = await scene.cluster.audit.since(mark);
  const counts = view.listWatchCount(OPERATOR_USER);
  // Whom the API server vouches for callers with: one object, with a watch of its own.
  const vouched = view.requests({ user: OPERATOR_USER, resource: "configmaps", namespace: "kube-system" });
  assert.deepEqual(vouched.map(({ verb, name }) => [verb, name]), [
    ["watch", "extension-apiserver-authentication"],
  ]);
  // What is kept beside control planes, with its content: those ConfigMaps alone.
  const kept = view.requests({ user: OPERATOR_USER, resource: "configmaps" }).filter(({ uri }) =>
    uri.includes("labelSelector=app.kubernetes.io%2Fmanaged-by%3Dcoder-k8s")
  );
  assert.deepEqual(kept.map(({ verb }) => verb), ["watch"]);
  counts["configmaps"]!.watch -= vouched.length + kept.length;
  assert.deepEqual(Object.keys(counts).sort(), KINDS);
  for (const [kind, { list, watch }] of Object.entries(counts)) {
    // This server tells the whole state through the watch.
    assert.deepEqual({ list, watch }, { list: 0, watch: 1 }, kind);
  }
});
