/** Callers with tokens of whom nobody knows whose they are, while the API server takes its time to say. */
import assert from "node:assert/strict";
import { request } from "node:https";
import { startCluster, waitFor } from "../cluster/mod.ts";
import { untilAllowed } from "../deploy/access.ts";
import { installOperator } from "../operator/install.ts";
import { freePort, startOperator } from "../operator/process.ts";
import { API_ROOT, available, GROUP, register } from "./app_rig.ts";
import { ask } from "./asking.ts";

/** More than a client has connections, fewer than questions that may be asked at a time. */
const CALLERS = 100;

Deno.test("tokens that nobody has reviewed yet keep no caller of the API server waiting", async () => {
  await using cluster = await startCluster({ nodes: 1 });
  const kubeconfig = await installOperator(cluster, { throughFaults: true });
  const port = await freePort();
  await using product = await startOperator({
    kubeconfig,
    mode: "aggregated-apiserver",
    args: [`--aggregated-bind-address=127.0.0.1:${port}`],
  });
  await register(cluster, port);
  await product.ready(120_000);
  await available(cluster);
  const namespace = await cluster.newNamespace("flood");
  const token = await cluster.serviceAccountToken({ namespace, name: "reader" });
  await cluster.kubectl([
    "create",
    "clusterrolebinding",
    namespace,
    "--clusterrole=coder-k8s-workspaces-view",
    `--serviceaccount=${namespace}:reader`,
  ]);
  await untilAllowed(cluster, `system:serviceaccount:${namespace}:reader`, [
    { verb: "list", group: GROUP, resource: "coderworkspaces", namespace },
  ]);

  const reviews = { resource: "tokenreviews" };
  const before = cluster.faults.requests(reviews).length;
  const frozen = cluster.faults.freeze(reviews);
  const calls = Array.from({ length: CALLERS }, (_, index) =>
    request({
      host: "127.0.0.1",
      port,
      path: `${API_ROOT}/coderworkspaces`,
      agent: false,
      rejectUnauthorized: false,
      headers: { authorization: `Bearer token-${index}` },
    }).on("error", () => {}).on("response", (answer) => answer.resume()).end());
  try {
    await waitFor(() => cluster.faults.requests(reviews).length - before >= 30, {
      what: "the tokens to be reviewed",
    });
    const started = performance.now();
    const path = `${API_ROOT}/namespaces/${namespace}/coderworkspaces`;
    const { status, json } = await ask(cluster, path, { as: { token } });
    assert.deepEqual([status, json.items], [200, []]);
    assert.ok(performance.now() - started < 8_000, "before the reviews of the tokens are given up");
  } finally {
    frozen.remove();
    for (const call of calls) call.destroy();
  }
});
