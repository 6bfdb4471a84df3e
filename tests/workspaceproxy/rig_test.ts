import assert from "node:assert/strict";
import { CoderWorkspaceProxies } from "../../src/api/workspace_proxy.ts";
import type { Controller } from "../../src/reconciler/controller.ts";
import { standIn } from "../operator/stand_in.ts";
import { goProxy } from "./go_operator.ts";
import { CREDENTIALS, PROXIES_ROUTE, ProxyRig } from "./rig.ts";

Deno.test("a controller on the ground reads proxies, asks Coder with the operator's token and writes statuses", async () => {
  await using rig = await ProxyRig.start("proxy-rig");
  const calls = rig.coder.listen({ method: "GET", route: /workspaceproxies/ });
  let visits = 0;
  const visitor: Controller = {
    name: "visitor",
    running: true,
    run: () => Promise.resolve(),
    enqueue: () => void visits++,
    inHand: () => [],
    idleWithWorkMs: () => 0,
  };
  await using operator = await rig.operator((parts) => {
    const ask = standIn(
      parts,
      CoderWorkspaceProxies,
      rig.coder,
      (coder, signal) => coder.workspaceProxies.list({ signal }),
    );
    return [ask, visitor];
  });
  const { spec } = await rig.proxy();
  assert.deepEqual(spec?.controlPlaneRef, { name: "coder" });
  await rig.settled();
  operator.visit("eu");
  assert.equal(visits, 1);
  await operator.again("eu");
  assert.deepEqual(new Set(calls()), new Set([`GET ${PROXIES_ROUTE}`]));
  assert.ok(operator.passes("eu") >= 2);
});

Deno.test("a proxy belongs where its spec says, and to the first control plane otherwise", async () => {
  await using rig = await ProxyRig.start("proxy-belongs");
  const bootstrap = await rig.bootstrap({ proxyName: "paris" });
  assert.deepEqual(bootstrap, {
    coderURL: rig.coder.fake.url,
    credentialsSecretRef: { name: CREDENTIALS },
    proxyName: "paris",
  });
  const token = await rig.live.secretText(CREDENTIALS, "token");
  await rig.bootstrap();
  assert.equal(await rig.live.secretText(CREDENTIALS, "token"), token, "there is one administrator");
  assert.equal((await rig.proxy("a", { bootstrap })).spec?.controlPlaneRef, undefined);
  const own = { proxySessionTokenSecretRef: { name: "t" } };
  assert.equal((await rig.proxy("b", own)).spec?.controlPlaneRef, undefined);
  const far = { controlPlaneRef: { name: "far", namespace: "elsewhere" } };
  assert.deepEqual((await rig.proxy("c", far)).spec?.controlPlaneRef, far.controlPlaneRef);
});

Deno.test("pods of proxies play: with a ready pod and a good token, Coder sees the proxy well", async () => {
  await using rig = await ProxyRig.start("proxy-pods");
  const { registered } = await goProxy(rig);
  assert.equal((await rig.podsReady()).length, 1);
  registered.status = "unregistered";
  assert.equal(await rig.proxiesCall(), "ok");
  await rig.live.send("PATCH", "apps/v1/deployments/wsproxy-eu", { spec: { replicas: 0 } });
  await rig.podsReady("eu", 0);
  assert.equal(await rig.proxiesCall(), "unreachable");
  registered.status = "unregistered";
  assert.equal(await rig.proxiesCall(), "unregistered");
  registered.token = "another";
  assert.equal(await rig.proxiesCall(), undefined);
});
