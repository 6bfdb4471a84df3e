import assert from "node:assert/strict";
import { sharedCluster, waitFor } from "../cluster/mod.ts";
import { serveGadgets } from "./serving_rig.ts";

Deno.test("certificates and authorities change under load, and the API server never notices", async () => {
  const cluster = await sharedCluster();
  await using rig = await serveGadgets(cluster, {
    // Two years pass in a minute, and nothing ends sooner than a busy machine comes round to look.
    certificate: { authorityMs: 60_000, servingMs: 24_000, overlapMs: 6_000, lookMs: 200 },
  });
  rig.storage.put(rig.make("a"));
  const apiService = `/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.${rig.group}`;
  const bundles = new Set<string>();
  const served = new Set<string>();
  rig.certificate.subscribe(() => void served.add(rig.certificate.current?.certPem ?? ""));
  const failures: string[] = [];
  let answers = 0;
  const started = performance.now();
  const isOver = () => served.size >= 4 && bundles.size >= 4 && answers > 100;
  while (!isOver()) {
    assert.ok(performance.now() - started < 480_000, `${served.size} certificates, ${bundles.size} bundles`);
    try {
      // A connection of its own each time, as the API server keeps those that it has.
      await cluster.request("GET", `${rig.root}/namespaces/${rig.namespace}/gadgets/a`);
      answers++;
    } catch (error) {
      failures.push(String(error));
    }
    const { spec } = await cluster.request("GET", apiService);
    assert.notEqual(spec.insecureSkipTLSVerify, true);
    bundles.add(atob(spec.caBundle));
  }
  assert.deepEqual(failures, []);
  assert.ok([...bundles].some((bundle) => bundle.match(/BEGIN CERTIFICATE/g)?.length === 2));

  await cluster.request("DELETE", `/api/v1/namespaces/${rig.namespace}/secrets/serving-certificate`);
  const path = `/api/v1/namespaces/${rig.namespace}/secrets/serving-certificate`;
  const secret = await waitFor(() => cluster.find(path), { what: "the Secret to be back" });
  assert.deepEqual(Object.keys(secret.data).filter((key) => key.startsWith("tls")), ["tls.crt", "tls.key"]);
  await cluster.request("GET", `${rig.root}/gadgets`);
});
