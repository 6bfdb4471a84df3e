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

Deno.test("a proxy with a token of the user's, made by the Go operator, keeps its pods and gets no finalizer", async () => {
  await using rig = await ProxyRig.start("proxy-brought");
  await goProxy(rig, { bootstrap: false });
  const before = (await rig.podsReady()).map(({ uid }) => uid);
  const calls = rig.coder.listen();
  await using _ = await rig.operator(workspaceProxies());
  const { metadata, status } = await rig.settled("eu", { Ready: "True", Registered: "Unknown" });
  assert.deepEqual((await rig.podsReady()).map(({ uid }) => uid), before);
  assert.equal(metadata.finalizers, undefined);
  assert.deepEqual(status?.proxyTokenSecretRef, { name: "eu-brought", key: "token" });
  assert.deepEqual(calls(), []);
});

Deno.test("a token that is lost is made anew, and the pods run with the new one", async () => {
  await using rig = await ProxyRig.start("proxy-lost");
  await using _ = await rig.operator(workspaceProxies({ listings: { verifyEveryMs: 500 } }));
  await rig.proxy();
  await rig.podsReady();
  await rig.settled("eu", { Ready: "True", Registered: "True" });
  const [token, before] = [await rig.token(), (await rig.podsReady()).map(({ uid }) => uid)];
  await rig.live.send("DELETE", "v1/secrets/eu-proxy-token");
  await waitFor(async () => ![undefined, token].includes(await rig.token()), { what: "a new token" });
  await waitFor(async () => {
    const pods = await rig.podsReady();
    return pods.length === 1 && pods.every(({ uid }) => !before.includes(uid));
  }, { what: "pods with the new token" });
  const registered = rig.registeredBy(await rig.token());
  assert.ok(registered !== undefined, "Coder takes it");
  assert.deepEqual(rig.registered().map(({ id }) => id), [registered.id], "it is the same proxy");
});

Deno.test("the proxy is exposed by an Ingress with its wildcard, and told its public address", async () => {
  await using rig = await ProxyRig.start("proxy-exposed");
  await using _ = await rig.operator(workspaceProxies());
  const ingress = {
    host: "eu.example.com",
    wildcardHost: "*.eu.example.com",
    tls: { secretName: "eu-tls", wildcardSecretName: "eu-apps-tls" },
  };
  await rig.proxy("eu", { replicas: 2, expose: { ingress } });
  await rig.podsReady("eu", 2);
  const { status } = await rig.settled("eu", { Ready: "True", Exposed: "False" });
  assert.equal(status?.externalURL, "https://eu.example.com");
  assert.equal(status?.internalURL, `http://wsproxy-eu.${rig.namespace}.svc.cluster.local:80`);
  const { spec } = await rig.live.get("networking.k8s.io/v1/ingresses/wsproxy-eu");
  assert.deepEqual(spec.rules.map(({ host }: { host: string }) => host), [
    ingress.host,
    ingress.wildcardHost,
  ]);
  const { spec: { template } } = await rig.live.get(DEPLOYMENT);
  const env = new Map<string, string>(
    template.spec.containers[0].env.map((one: { name: string; value: string }) => [one.name, one.value]),
  );
  assert.equal(env.get("CODER_ACCESS_URL"), "https://eu.example.com");
  assert.equal(env.get("CODER_WILDCARD_ACCESS_URL"), "*.eu.example.com");
  assert.deepEqual(template.spec.containers[0].command, ["/opt/coder"]);
  const budget = await rig.live.get("policy/v1/poddisruptionbudgets/wsproxy-eu");
  assert.equal(budget.spec.maxUnavailable, 1);
});

Deno.test("nothing is made anew while somebody else holds a proxy that is being deleted", async () => {
  await using rig = await ProxyRig.start("proxy-held");
  await using operator = await rig.operator(workspaceProxies());
  await rig.proxy("eu", {}, { finalizers: ["example.com/hold"] });
  await rig.podsReady();
  await rig.settled("eu", { Ready: "True", Registered: "True" });
  await rig.proxies.delete("eu");
  await waitFor(async () => {
    const { metadata } = await rig.proxies.stored("eu");
    return metadata.finalizers?.length === 1;
  }, { what: "the end of our part" });
  assert.deepEqual(rig.registered(), []);
  await operator.again("eu");
  assert.equal(await rig.live.get(DEPLOYMENT), undefined);
  assert.deepEqual(rig.registered(), []);
  await rig.proxies.change("eu", { metadata: { finalizers: null } });
  await rig.proxies.gone("eu");
});

Deno.test("a proxy whose Coder is gone for good goes when somebody gives its registration up", async () => {
  await using rig = await ProxyRig.start("proxy-give-up");
  await using _ = await rig.operator(workspaceProxies());
  await rig.proxy();
  await rig.podsReady();
  await rig.settled("eu", { Ready: "True", Registered: "True" });
  rig.coder.fake.faults.add({ times: Infinity, action: { do: "dropRequest" } });
  await rig.proxies.delete("eu");
  const stored = await waitFor(async () => {
    const object = await rig.proxies.get("eu");
    const said = object?.status?.conditions?.find(({ type }) => type === "Terminating");
    return said?.reason === "RemovingRegistration" && /still to be removed/.test(said.message)
      ? said
      : undefined;
  }, { what: "words about what holds it" });
  const [, annotation] = /(coder\.com\/[a-z-]+)=true/.exec(stored.message) ?? [];
  await rig.proxies.change("eu", { metadata: { annotations: { [annotation ?? ""]: "true" } } });
  await rig.proxies.gone("eu");
});

Deno.test("deleted with cascade orphan, pods and registration stay", async () => {
  await using rig = await ProxyRig.start("proxy-orphan");
  await using _ = await rig.operator(workspaceProxies());
  await rig.proxy();
  const before = (await rig.podsReady()).map(({ uid }) => uid);
  await rig.settled("eu", { Ready: "True", Registered: "True" });
  await rig.cluster.kubectl([
    "delete",
    "coderworkspaceproxy",
    "eu",
    "--namespace",
    rig.namespace,
    "--cascade=orphan",
    "--wait=false",
  ]);
  await rig.proxies.gone("eu");
  assert.deepEqual((await rig.podsReady()).map(({ uid }) => uid), before);
  assert.equal(rig.registered().length, 1);
});
