import assert from "node:assert/strict";
import { sharedCluster, waitFor } from "../cluster/mod.ts";
import { serveGadgets } from "./serving_rig.ts";

Deno.test("certificates and authorities change under load, and the API server never notices", async () => {
  const cluster = await sharedCluster();
  await using rig = await serveGadgets(cluster, {
    // Two years pass in half a minute.
    certificate: { authorityMs: 30_000, servingMs: 12_000, overlapMs: 3_000, lookMs: 200 },
  });
  rig.storage.put(rig.make("a"));
  const apiService = `/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.${rig.group}`;
  const bundles = new Set<string>();
  const served = new Set<string>();
  rig.certificate.subscribe(() => void served.add(rig.certificate.current?.certPem ?? ""));
  const failures: string[] = [];
  let answers = 0;
  const started = performance.now();
  const isOver = () => served.size >= 4 && bundles.size >= 4;
  while (!isOver()) {
    assert.ok(performance.now() - started < 180_000, `${served.size} certificates, ${bundles.size} bundles`);
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
  assert.ok(answers > 100, `${answers} answers`);
  assert.ok([...bundles].some((bundle) => bundle.match(/BEGIN CERTIFICATE/g)?.length === 2));

  await cluster.request("DELETE", `/api/v1/namespaces/${rig.namespace}/secrets/serving-certificate`);
  const path = `/api/v1/namespaces/${rig.namespace}/secrets/serving-certificate`;
  const secret = await waitFor(() => cluster.find(path), { what: "the Secret to be back" });
  assert.deepEqual(Object.keys(secret.data).filter((key) => key.startsWith("tls")), ["tls.crt", "tls.key"]);
  await cluster.request("GET", `${rig.root}/gadgets`);
});
