import assert from "node:assert/strict";
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { Deployments, Secrets } from "../../api/kubernetes/resources.ts";
import { keyText, type KubeObject } from "../../api/object.ts";
import { CoderWorkspaceProxies, type CoderWorkspaceProxy } from "../../api/workspace_proxy.ts";
import type { ListNews } from "../../inventory/mod.ts";
import { readyControlPlane } from "../../operator/visit/control_plane_testing.ts";
import { changed, controlledBy, FakeInformer, make } from "../../reconciler/testing/fakes.ts";
import { TOKEN_ANNOTATION } from "../results.ts";
import { GivenAddresses, ProxyNews, visitSources } from "./sources.ts";

const proxy = (name: string, spec: object = {}, status: object = {}): CoderWorkspaceProxy => ({
  ...make(CoderWorkspaceProxies, name, { namespace: "a" }),
  spec: spec as NonNullable<CoderWorkspaceProxy["spec"]>,
  status,
});

function world(...proxies: CoderWorkspaceProxy[]) {
  const workspaceProxies = new FakeInformer(CoderWorkspaceProxies);
  const controlPlanes = new FakeInformer(CoderControlPlanes);
  const deployments = new FakeInformer(Deployments);
  const secrets = new FakeInformer(Secrets);
  for (const each of proxies) workspaceProxies.put(each);
  const keys: string[] = [];
  const kinds = { workspaceProxies, controlPlanes, deployments, secrets };
  for (const source of visitSources(kinds as never)) source.start((key) => keys.push(keyText(key)));
  keys.length = 0;
  return { ...kinds, take: () => keys.splice(0) };
}

const named = proxy("named", { controlPlaneRef: { name: "coder" } });
const elsewhere = proxy("elsewhere", { controlPlaneRef: { name: "coder", namespace: "b" } });
const booted = proxy("booted", {
  bootstrap: {
    coderURL: "https://x",
    credentialsSecretRef: { name: "admin" },
    generatedTokenSecretName: "own",
  },
});
const brought = proxy("brought", { proxySessionTokenSecretRef: { name: "mine" } });

Deno.test("a proxy is visited when it changes, and not for its status", () => {
  const { workspaceProxies, take } = world(named);
  workspaceProxies.put(changed(named, {}, { status: { phase: "Ready" } }));
  assert.deepEqual(take(), []);
  workspaceProxies.put(changed(named, { generation: 2 }));
  assert.deepEqual(take(), ["a/named"]);
});

Deno.test("its pods wake a proxy when they are replaced or ready, and when their token was written down", () => {
  const { deployments, take } = world(named);
  const pods = make(Deployments, "wsproxy-named", { namespace: "a", ownerReferences: controlledBy(named) });
  deployments.put(pods);
  take();
  deployments.put(changed(pods, { labels: { a: "b" } }));
  assert.deepEqual(take(), []);
  const marked = changed(pods, { annotations: { [TOKEN_ANNOTATION]: "x" } });
  deployments.put(marked);
  assert.deepEqual(take(), ["a/named"]);
  deployments.put(changed(marked, {}, { status: { availableReplicas: 1 } }));
  assert.deepEqual(take(), ["a/named"]);
});

Deno.test("the Secrets that are read wake those who read them, each once", () => {
  const { secrets, take } = world(named, booted, brought);
  for (
    const [secret, proxies] of [
      ["named-proxy-token", ["a/named"]],
      ["admin", ["a/booted"]],
      ["own", ["a/booted"]],
      ["mine", ["a/brought"]],
      ["other", []],
    ] as const
  ) {
    secrets.put(make(Secrets, secret, { namespace: "a" }));
    assert.deepEqual(take(), proxies, secret);
  }
  secrets.put(make(Secrets, "admin", { namespace: "b" }));
  assert.deepEqual(take(), []);
});

Deno.test("a control plane, its token and its pods wake the proxies that name it", () => {
  const { controlPlanes, deployments, secrets, take } = world(named, elsewhere, booted);
  const coder = readyControlPlane();
  controlPlanes.put(coder);
  assert.deepEqual(take(), ["a/named"]);
  controlPlanes.put(readyControlPlane({}, { namespace: "b" }));
  assert.deepEqual(take(), ["a/elsewhere"]);
  controlPlanes.put(changed(coder, {}, { status: { ...coder.status, phase: "Ready" } }));
  assert.deepEqual(take(), []);
  controlPlanes.put(changed(coder, {}, { status: { ...coder.status, operatorAccessReady: undefined } }));
  assert.deepEqual(take(), ["a/named"]);
  secrets.put(make(Secrets, "coder-operator-token", { namespace: "a" }));
  assert.deepEqual(take(), ["a/named"]);
  deployments.put(make(Deployments, "coder", { namespace: "a" }));
  assert.deepEqual(take(), ["a/named"]);
});

Deno.test("objects of any shape break no index", () => {
  const odd = { ...proxy("odd"), spec: { bootstrap: "x", registration: 1, controlPlaneRef: null } } as never;
  const { secrets, take } = world(odd);
  secrets.put(make(Secrets, "odd-proxy-token", { namespace: "a" }));
  assert.deepEqual(take(), ["a/odd"]);
});

Deno.test("news of a list wake the proxies that they are about, and are counted", () => {
  const listeners = new Set<(news: ListNews) => void>();
  const registration = { id: "1", name: "paris", coderURL: "https://x", tokenSecretRef: { name: "t" } };
  const paris = proxy("paris", {}, { registration });
  const begun = proxy("begun", {}, { registrationIntent: { ...registration, name: "lyon", since: "x" } });
  const proxies = [paris, begun, proxy("none")];
  const news = new ProxyNews({ list: () => proxies }, {
    onNews(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  });
  const keys: string[] = [];
  const stop = news.start((key) => keys.push(keyText(key)));
  const tell = (kind: ListNews["kind"], ...changed: string[]) => {
    const said = { kind, controlPlane: "a/coder", deploymentId: undefined, organization: undefined };
    for (const listener of listeners) listener({ ...said, changed: new Set(changed) });
    return keys.splice(0);
  };
  assert.deepEqual(tell("proxies", "paris", "nice"), ["a/paris"]);
  assert.deepEqual(tell("proxies", "lyon", "paris"), ["a/paris", "a/begun"]);
  assert.deepEqual(tell("keys", "paris"), []);
  const key = { namespace: "a", name: "paris" };
  assert.equal(news.of(key), 2);
  news.forget(key);
  assert.equal(news.of(key), 0);
  stop();
  assert.equal(listeners.size, 0);
});

Deno.test("an address is forgotten with the last proxy that has it", () => {
  const addresses = new GivenAddresses();
  const [one, two] = [{ namespace: "a", name: "one" }, { namespace: "a", name: "two" }];
  const at = (
    coderURL: unknown,
  ): KubeObject => ({ ...proxy("x"), spec: { bootstrap: { coderURL } } } as KubeObject);
  addresses.note(one, at("https://a ") as CoderWorkspaceProxy);
  addresses.note(one, at("https://b") as CoderWorkspaceProxy);
  addresses.note(two, at("https://a") as CoderWorkspaceProxy);
  addresses.note(two, at(7) as CoderWorkspaceProxy);
  assert.deepEqual(addresses.forget(one), ["https://b"]);
  assert.deepEqual(addresses.forget(two), ["https://a"]);
  assert.deepEqual(addresses.forget(two), []);
});
