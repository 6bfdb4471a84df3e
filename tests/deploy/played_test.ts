/** The player of pods itself, on the real cluster: other tests rely on it. */
import assert from "node:assert/strict";
import { startCluster, waitFor } from "../cluster/mod.ts";
import { API_ROOT, API_SERVICE, available } from "../aggregated/app_rig.ts";
import { playPods } from "./played/mod.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const DEPLOYMENT = { namespace: "coder-system", name: "coder-k8s" };
const PATH = "/apis/apps/v1/namespaces/coder-system/deployments/coder-k8s";
const TIMEOUT_MS = 240_000;

Deno.test("the pods of an installed product are played: ready, routed, rolled, restarted, scaled and ended", async () => {
  await using cluster = await startCluster({ name: "played" });
  await using played = await playPods(cluster);
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-k", `${root}/deploy`]);
  const replicas = (await cluster.request("GET", PATH)).spec.replicas;
  await played.settled();
  assert.equal(played.pods.length, replicas);
  await available(cluster);
  assert.equal((await fetch(new URL("/readyz", played.mcpUrl))).status, 200);

  const before = played.pods.map(({ name }) => name);
  await played.rollout(DEPLOYMENT);
  const rolled = played.pods.map(({ name }) => name);
  assert.deepEqual(rolled.filter((name) => before.includes(name)), [], "all of them are new");
  await available(cluster);

  const [killed] = played.pods;
  Deno.kill(killed!.process.pid, "SIGKILL");
  await killed!.process.ended;
  await waitFor(() => !played.pods.includes(killed!), {
    what: "the killed pod to be gone",
    timeoutMs: TIMEOUT_MS,
  });
  await played.settled();
  assert.ok(played.troubles.some((text) => text.includes(`${killed!.name}: it has ended`)));

  await cluster.kubectl(["scale", "-n", DEPLOYMENT.namespace, "deployment", DEPLOYMENT.name, "--replicas=1"]);
  await played.settled();
  assert.equal(played.pods.length, 1);

  await cluster.kubectl(["delete", "apiservice", "v1alpha1.aggregation.coder.com"]);
  await cluster.kubectl(["delete", "-n", DEPLOYMENT.namespace, "deployment", DEPLOYMENT.name]);
  await waitFor(() => played.pods.length === 0, { what: "no pods", timeoutMs: TIMEOUT_MS });
  await assert.rejects(fetch(played.mcpUrl), "nobody serves any more");
});

Deno.test("halted pods leave an APIService behind that nobody answers for", async () => {
  await using cluster = await startCluster({ name: "played-halted" });
  await using played = await playPods(cluster, { replicas: 1 });
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-k", `${root}/deploy`]);
  await played.settled();
  await available(cluster);
  await played.halt();
  assert.deepEqual(played.pods, []);
  await assert.rejects(cluster.request("GET", API_ROOT), /503/, "the API server says that nobody answers");
  const { spec } = await cluster.request("GET", `/apis/apiregistration.k8s.io/v1/apiservices/${API_SERVICE}`);
  assert.equal(spec.service.port, played.apiPort);
  assert.deepEqual(played.pods, [], "none is started again");
});
