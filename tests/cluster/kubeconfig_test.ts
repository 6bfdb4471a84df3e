import assert from "node:assert/strict";
import { parse } from "yaml";
import { kubeconfigText } from "./kubeconfig.ts";

const INPUT = { server: "https://127.0.0.1:6443", caPem: "CA", credentials: { token: "secret" } };

Deno.test("a kubeconfig's context leads to the cluster and the user", () => {
  const config = parse(kubeconfigText(INPUT));
  assert.equal(config["current-context"], "test");
  assert.deepEqual(config.contexts[0].context, { cluster: "test", user: "test" });
  assert.deepEqual(config.clusters[0].cluster, {
    server: INPUT.server,
    "certificate-authority-data": btoa("CA"),
  });
  assert.deepEqual(config.users[0].user, { token: "secret" });
});

Deno.test("a certificate is embedded", () => {
  const config = parse(kubeconfigText({ ...INPUT, credentials: { certPem: "CERT", keyPem: "KEY" } }));
  assert.deepEqual(config.users[0].user, {
    "client-certificate-data": btoa("CERT"),
    "client-key-data": btoa("KEY"),
  });
});

Deno.test("the namespace becomes the context's default", () => {
  assert.equal(parse(kubeconfigText({ ...INPUT, namespace: "ns" })).contexts[0].context.namespace, "ns");
});
