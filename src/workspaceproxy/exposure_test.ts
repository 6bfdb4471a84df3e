import assert from "node:assert/strict";
import type { Gateway } from "../api/gateway.ts";
import type { CoderWorkspaceProxy } from "../api/workspace_proxy.ts";
import { SpecError } from "../workload/spec_error.ts";
import { possibleExposure, proxyAccessUrls, proxyExposure, wantedProxyUrls } from "./exposure.ts";
import { LABELS, workspaceProxy } from "./testing.ts";

type Spec = NonNullable<CoderWorkspaceProxy["spec"]>;

const host = "eu.example.com";
const ingress = (fields: object = {}): Spec => ({ expose: { ingress: { host, ...fields } } });
const gateway = (fields: object = {}): Spec => ({
  expose: { gateway: { host, parentRefs: [{ name: "edge" }], ...fields } },
});
const secured = { wildcardHost: "*.eu.example.com", tls: { secretName: "s", wildcardSecretName: "w" } };

function urls(spec: Spec, facts: Partial<Parameters<typeof proxyAccessUrls>[1]> = {}) {
  return proxyAccessUrls(workspaceProxy(spec), {
    fromSources: new Set(),
    clusterDomain: "cluster.local",
    lookup: () => undefined,
    told: undefined,
    ...facts,
  });
}

Deno.test("what is exposed is the proxy's Service at its port", () => {
  const wanted = proxyExposure(workspaceProxy({ ...ingress(secured), service: { port: 8080 } }));
  assert.ok(wanted.by === "ingress");
  assert.deepEqual(wanted.exposure, {
    name: "wsproxy-eu",
    namespace: "a",
    labels: LABELS,
    hosts: [host, "*.eu.example.com"],
    backend: { service: "wsproxy-eu", port: 8080 },
  });
  assert.equal(proxyExposure(workspaceProxy()).by, "nothing");
});

Deno.test("what cannot be exposed keeps no pod from running", () => {
  const odd = workspaceProxy({ expose: { ingress: { host: " " } } });
  assert.throws(() => proxyExposure(odd), SpecError);
  assert.deepEqual(possibleExposure(odd), { by: "nothing" });
});

Deno.test("an exposed proxy is told its public address, and that of workspace apps", () => {
  assert.deepEqual(urls(ingress(secured)), {
    access: "https://eu.example.com",
    wildcard: "*.eu.example.com",
    clusterOnly: false,
  });
  assert.equal(urls(ingress()).access, "http://eu.example.com");
  assert.equal(urls(gateway()).access, "https://eu.example.com");
});

Deno.test("without one it is told that of its Service, for a proxy without any does not start", () => {
  const { access, wildcard, clusterOnly } = urls({ service: { port: 8080 } });
  assert.equal(access, "http://wsproxy-eu.a.svc.cluster.local:8080");
  assert.equal(wildcard, undefined);
  assert.equal(clusterOnly, true);
  assert.equal(urls({}, { clusterDomain: "k8s.lan" }).access, "http://wsproxy-eu.a.svc.k8s.lan");
});

Deno.test("what the user sets is never touched, wherever it is set", () => {
  const env = { extraEnv: [{ name: "CODER_ACCESS_URL", value: "https://mine" }] };
  assert.deepEqual(urls({ ...ingress(secured), ...env }), {
    access: undefined,
    wildcard: "*.eu.example.com",
    clusterOnly: false,
  });
  for (
    const spec of [
      { extraArgs: ["--access-url=https://mine"] },
      { extraArgs: ["--access-url", "https://mine"] },
      { args: ["wsproxy", "server", "--access-url=https://mine"] },
    ]
  ) {
    assert.equal(urls(spec).access, undefined);
    assert.equal(urls(spec).clusterOnly, false);
  }
  assert.equal(urls(ingress(), { fromSources: new Set(["CODER_ACCESS_URL"]) }).access, undefined);
  assert.equal(urls({ ...ingress(secured), extraArgs: ["--wildcard-access-url=*.x"] }).wildcard, undefined);
});

Deno.test("a listener that speaks plain HTTP alone makes a plain address", () => {
  const edge: Gateway = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { name: "edge", namespace: "a" },
    spec: { listeners: [{ name: "web", port: 80, protocol: "HTTP" }] },
  };
  assert.equal(urls(gateway(), { lookup: () => edge }).access, "http://eu.example.com");
});

Deno.test("a Gateway that cannot be seen for a moment replaces no pods", () => {
  assert.equal(urls(gateway(), { told: "http://eu.example.com" }).access, "http://eu.example.com");
  assert.equal(urls(gateway(), { told: "http://old.example.com" }).access, "https://eu.example.com");
  assert.equal(urls(ingress(secured), { told: "http://eu.example.com" }).access, "https://eu.example.com");
});

Deno.test("envFrom is asked about what the operator might set, and about nothing else", () => {
  assert.deepEqual(wantedProxyUrls(workspaceProxy()), ["CODER_ACCESS_URL"]);
  assert.deepEqual(wantedProxyUrls(workspaceProxy(ingress(secured))), [
    "CODER_ACCESS_URL",
    "CODER_WILDCARD_ACCESS_URL",
  ]);
  const set = { extraEnv: [{ name: "CODER_ACCESS_URL", value: "x" }] };
  assert.deepEqual(wantedProxyUrls(workspaceProxy(set)), []);
});
