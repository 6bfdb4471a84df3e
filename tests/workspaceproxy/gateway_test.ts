/** An HTTPRoute leads to a proxy, in a cluster of its own: the Gateway API's definitions come and go for everybody in it. */
import assert from "node:assert/strict";
import { installGatewayApi, startCluster, waitFor } from "../cluster/mod.ts";
import { workspaceProxies } from "../operator/compose.ts";
import { ProxyRig } from "./rig.ts";

const GROUP = "gateway.networking.k8s.io/v1";
const ROUTE = `${GROUP}/httproutes/wsproxy-eu`;

Deno.test("a proxy is exposed by a route of a Gateway with its wildcard, and told its public address", async () => {
  await using cluster = await startCluster({ name: "proxy-gateway" });
  await using rig = await ProxyRig.start("proxy-gateway", { cluster });
  await using _ = await rig.operator(workspaceProxies());
  const gateway = {
    host: "eu.example.com",
    wildcardHost: "*.eu.example.com",
    parentRefs: [{ name: "edge" }],
  };
  await rig.proxy("eu", { expose: { gateway } });
  await rig.podsReady("eu");
  // Without the kind it says what is missing, and pods run all the same.
  const missing = await rig.proxies.condition("eu", "Exposed", "False");
  assert.equal(missing.reason, "GatewayAPIMissing");

  await installGatewayApi(cluster);
  const route = await waitFor(() => rig.live.get(ROUTE), {
    what: "the route of the proxy",
    timeoutMs: 60_000,
  });
  assert.deepEqual(route.spec.hostnames, [gateway.host, gateway.wildcardHost]);
  assert.deepEqual(route.spec.parentRefs.map(({ name }: { name: string }) => name), ["edge"]);
  assert.equal(route.spec.rules[0].backendRefs[0].name, "wsproxy-eu");

  await rig.live.send("POST", `${GROUP}/gateways`, {
    apiVersion: GROUP,
    kind: "Gateway",
    metadata: { name: "edge" },
    spec: {
      gatewayClassName: "test",
      listeners: [{
        name: "https",
        protocol: "HTTPS",
        port: 443,
        hostname: "*.example.com",
        tls: { certificateRefs: [{ name: "edge-tls" }] },
      }],
    },
  });
  await waitFor(async () => {
    const { status } = await rig.proxies.stored("eu");
    return status?.externalURL === "https://eu.example.com";
  }, { what: "the scheme of the listener in status.externalURL" });
  const told = await waitFor(async () => {
    const { spec } = await rig.live.get("apps/v1/deployments/wsproxy-eu");
    const env = new Map<string, string>(
      spec.template.spec.containers[0].env.map((
        one: { name: string; value: string },
      ) => [one.name, one.value]),
    );
    return env.get("CODER_ACCESS_URL") === "https://eu.example.com" ? env : undefined;
  }, { what: "pods to be told their public address" });
  assert.equal(told.get("CODER_WILDCARD_ACCESS_URL"), "*.eu.example.com");

  await rig.proxies.change("eu", { spec: { expose: null } });
  await waitFor(async () => await rig.live.get(ROUTE) === undefined, {
    what: "the route to go with the wish for it",
  });
});
