/** One LIST and WATCH of each kind for the whole process, whatever runs in it. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { OPERATOR_USER } from "../operator/install.ts";
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
  await using operator = await scene.operator({ flags: { app: "all" } });
  await scene.create("one");
  await scene.settled("one");
  await waitFor(() => scene.faults.countOpen({ watch: true }) >= KINDS.length, {
    what: "a watch of each kind",
  });
  await operator.stop();
  const counts = (await scene.cluster.audit.since(mark)).listWatchCount(OPERATOR_USER);
  assert.deepEqual(Object.keys(counts).sort(), KINDS);
  for (const [kind, { list, watch }] of Object.entries(counts)) {
    // This server tells the whole state through the watch.
    assert.deepEqual({ list, watch }, { list: 0, watch: 1 }, kind);
  }
});
