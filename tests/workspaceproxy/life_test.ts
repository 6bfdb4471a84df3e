/** The life of a workspace proxy on a real cluster, with a strict fake Coder. */
import assert from "node:assert/strict";
import type { Deployment } from "../../src/api/kubernetes/types.ts";
import { PROXY_FINALIZER } from "../../src/workspaceproxy/ending.ts";
import { PUBLIC_URL } from "../operator/coder_home.ts";
import { workspaceProxies } from "../operator/compose.ts";
import { waitFor } from "../cluster/mod.ts";
import { goProxy } from "./go_operator.ts";
import { ProxyRig } from "./rig.ts";

const DEPLOYMENT = "apps/v1/deployments/wsproxy-eu";

Deno.test("a proxy of a control plane is registered, gets pods with its token, and tells how Coder sees it", async () => {
  await using rig = await ProxyRig.start("proxy-life");
  await using operator = await rig.operator(workspaceProxies({ listings: { verifyEveryMs: 500 } }));
  await rig.proxy("eu", {
    replicas: 2,
    registration: { displayName: "Europe", icon: "/emojis/1f1ea-1f1fa.png" },
  });
  await rig.podsReady("eu", 2);
  const token = await rig.token();
  const registered = rig.registeredBy(token);
  assert.deepEqual([registered?.name, registered?.display_name], ["eu", "Europe"]);
  await rig.proxiesCall();
  const { metadata, status } = await rig.settled("eu", {
    Ready: "True",
    Registered: "True",
    Healthy: "True",
  });
  assert.deepEqual(metadata.finalizers, [PROXY_FINALIZER]);
  assert.equal(status?.registration?.id, registered?.id);
  assert.equal(status?.registration?.controlPlaneName, "coder");
  assert.deepEqual([status?.health, status?.replicas, status?.phase], ["ok", 2, "Ready"]);
  const { spec } = await rig.live.get(DEPLOYMENT) as Deployment;
  const env = spec?.template.spec?.containers[0]?.env ?? [];
  assert.equal(
    env.find(({ name }) => name === "CODER_PRIMARY_ACCESS_URL")?.value,
    PUBLIC_URL,
  );
  assert.ok(!operator.lines.join("\n").includes(token ?? "?"), "the token is in no log");
});

Deno.test("a proxy that the Go operator made keeps its token and its pods", async () => {
  await using rig = await ProxyRig.start("proxy-takeover");
  const go = await goProxy(rig);
  const before = (await rig.podsReady()).map(({ uid }) => uid);
  await using _ = await rig.operator(workspaceProxies({ listings: { verifyEveryMs: 500 } }));
  const { status } = await rig.settled("eu", { Ready: "True", Registered: "True" });
  assert.equal(await rig.token(), go.registered.token);
  assert.deepEqual((await rig.podsReady()).map(({ uid }) => uid), before);
  assert.equal(status?.registration?.id, go.registered.id);
  assert.deepEqual(rig.registered().map(({ id }) => id), [go.registered.id]);
});

Deno.test("a deleted proxy ends in order: pods, registration, finalizer", async () => {
  await using rig = await ProxyRig.start("proxy-end");
  await using _ = await rig.operator(workspaceProxies({ listings: { verifyEveryMs: 500 } }));
  await rig.proxy();
  await rig.podsReady();
  await rig.settled("eu", { Ready: "True", Registered: "True" });
  const [proxy] = rig.registered();
  let podsAtRemoval = -1;
  const watch = waitFor(async () => {
    if (proxy?.deleted !== true) return false;
    podsAtRemoval = (await rig.pods()).length;
    return true;
  }, { what: "the removal of the registration", intervalMs: 10 });
  await rig.proxies.delete("eu");
  await watch;
  assert.equal(podsAtRemoval, 0);
  await rig.proxies.gone("eu");
  assert.deepEqual(rig.registered(), []);
});
