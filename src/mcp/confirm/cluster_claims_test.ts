import assert from "node:assert/strict";
import { ConfigMaps } from "../../api/kubernetes/resources.ts";
import { refusal } from "../../kube/testing/fake_api.ts";
import { recordingLogger } from "../../kube/testing/recording_logger.ts";
import { MemoryCluster } from "../../shadow/testing.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { CLAIM_LABEL, claimName, ClusterClaims, UNTIL_ANNOTATION } from "./cluster_claims.ts";

const NAMESPACE = "coder-system";
const NOW = Date.parse("2026-11-22T00:00:00Z");
const signal = () => AbortSignal.timeout(60_000);

function claimsOf(cluster: MemoryCluster, now = () => NOW) {
  return new ClusterClaims({ client: cluster.client(), namespace: NAMESPACE, now });
}

Deno.test("a plan is claimed once, whoever asks", async () => {
  const cluster = new MemoryCluster();
  const [one, two] = [claimsOf(cluster), claimsOf(cluster)];
  const answers = await Promise.all(
    [one, two, one, two].map((claims) => claims.claim("00ff", NOW, signal())),
  );
  assert.equal(answers.filter((answer) => answer).length, 1);
  const [kept] = cluster.configMaps();
  assert.equal(kept?.metadata.name, claimName("00ff"));
  assert.equal(kept?.metadata.namespace, NAMESPACE);
  assert.equal(kept?.metadata.labels?.[CLAIM_LABEL], "true");
  assert.equal(kept?.metadata.annotations?.[UNTIL_ANNOTATION], "2026-11-22T00:00:00.000Z");
  assert.equal(kept?.immutable, true);
});

Deno.test("a claim whose answer was lost is known again", async () => {
  const cluster = new MemoryCluster();
  cluster.loseAnswers("create");
  assert.equal(await claimsOf(cluster).claim("00ff", NOW, signal()), true);
  assert.equal(await claimsOf(cluster).claim("00ff", NOW, signal()), false);
});

Deno.test("a claim that did not arrive is none", async () => {
  const cluster = new MemoryCluster();
  cluster.loseRequests("create");
  await assert.rejects(claimsOf(cluster).claim("00ff", NOW, signal()), /the connection broke/);
  assert.equal(cluster.configMaps().length, 0);
});

Deno.test("where it cannot be found out whose a claim is, nobody has it", async () => {
  const cluster = new MemoryCluster();
  cluster.loseAnswers("create");
  cluster.loseRequests("get");
  await assert.rejects(claimsOf(cluster).claim("00ff", NOW, signal()), /the connection broke/);
});

Deno.test("without the right to claim nothing is claimed", async () => {
  const cluster = new MemoryCluster();
  cluster.before = () => {
    throw refusal(403, "Forbidden");
  };
  await assert.rejects(claimsOf(cluster).claim("00ff", NOW, signal()), /Forbidden/);
});

Deno.test("anybody sweeps what is over, and leaves alone what is not", async () => {
  const cluster = new MemoryCluster();
  const claims = claimsOf(cluster);
  await claims.claim("aa", NOW - 1, signal());
  await claims.claim("bb", NOW + 1, signal());
  cluster.put(ConfigMaps, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: NAMESPACE, name: "unreadable", labels: { [CLAIM_LABEL]: "true" } },
  });
  cluster.put(ConfigMaps, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: NAMESPACE, name: "somebody-elses" },
  });
  assert.equal(await claimsOf(cluster).sweep(signal()), 2);
  const left = cluster.configMaps().map(({ metadata: { name } }) => name).sort();
  assert.deepEqual(left, [claimName("bb"), "somebody-elses"]);
});

Deno.test("who is swept away by somebody else at the same time is no trouble", async () => {
  const cluster = new MemoryCluster();
  const claims = claimsOf(cluster);
  await claims.claim("aa", NOW - 1, signal());
  cluster.before = (verb, key) => {
    if (verb === "delete") cluster.remove(ConfigMaps, key);
  };
  assert.equal(await claims.sweep(signal()), 0);
});

Deno.test("sweeps come again, also after one that failed", async () => {
  const cluster = new MemoryCluster();
  const clock = new FakeClock();
  const { logger, lines } = recordingLogger();
  const claims = new ClusterClaims({
    client: cluster.client(),
    namespace: NAMESPACE,
    clock,
    now: () => NOW + clock.now(),
    log: logger,
  });
  await claims.claim("aa", NOW, signal());
  cluster.loseRequests("delete");
  const end = new AbortController();
  const running = claims.run(end.signal);
  await clock.advance(900_000);
  assert.equal(lines.length, 1);
  assert.equal(cluster.configMaps().length, 1);
  await clock.advance(900_000);
  assert.equal(cluster.configMaps().length, 0);
  end.abort();
  await running;
});
