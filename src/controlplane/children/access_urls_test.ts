import assert from "node:assert/strict";
import type { Gateway } from "../../api/gateway.ts";
import type { Deployment } from "../../api/kubernetes/types.ts";
import { type AccessFacts, accessUrls, exposureInputs, wantedUrls } from "./access_urls.ts";
import { controlPlane } from "../testing.ts";

type Spec = NonNullable<Parameters<typeof controlPlane>[0]>;

const none: AccessFacts = {
  fromSources: new Set(),
  clusterDomain: "cluster.local",
  lookup: () => undefined,
  live: undefined,
};
const urls = (spec: Spec, facts: Partial<AccessFacts> = {}) =>
  accessUrls(controlPlane(spec), { ...none, ...facts });

const host = "coder.example.com";
const wildcardHost = "*.coder.example.com";
const ingress = (more: object = {}): Spec => ({ expose: { ingress: { host, ...more } } });
const gateway = (more: object = {}): Spec => ({
  expose: { gateway: { host, parentRefs: [{ name: "edge" }], ...more } },
});
const plain: Gateway = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "Gateway",
  metadata: { name: "edge" },
  spec: { listeners: [{ name: "web", protocol: "HTTP", port: 80 }] },
};
const told = (value: string): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {},
  spec: {
    selector: {},
    template: { spec: { containers: [{ name: "coder", env: [{ name: "CODER_ACCESS_URL", value }] }] } },
  },
});

Deno.test("without exposure the address is the Service's, in the domain of the cluster", () => {
  assert.deepEqual(urls({}), {
    access: "http://coder.a.svc.cluster.local",
    wildcard: undefined,
    clusterOnly: true,
  });
  assert.equal(urls({}, { clusterDomain: "k8s.lan" }).access, "http://coder.a.svc.k8s.lan");
  assert.equal(urls({ tls: { secretNames: ["t"] } }).access, "https://coder.a.svc.cluster.local");
  assert.deepEqual(urls({ envUseClusterAccessURL: false }), {
    access: undefined,
    wildcard: undefined,
    clusterOnly: false,
  });
});

Deno.test("an exposed Coder is told its public names, https where a certificate is given", () => {
  assert.deepEqual(urls(ingress()), { access: `http://${host}`, wildcard: undefined, clusterOnly: false });
  assert.deepEqual(urls(ingress({ wildcardHost, tls: { secretName: "c" } })), {
    access: `https://${host}`,
    wildcard: wildcardHost,
    clusterOnly: false,
  });
  assert.equal(urls({ ...ingress(), envUseClusterAccessURL: false }).access, `http://${host}`);
});

Deno.test("a route is https unless its Gateway is known to speak nothing but http", () => {
  assert.equal(urls(gateway()).access, `https://${host}`);
  assert.equal(urls(gateway(), { lookup: () => plain }).access, `http://${host}`);
});

Deno.test("a Gateway that is out of sight for a moment changes nothing that pods were told", () => {
  assert.equal(urls(gateway(), { live: told(`http://${host}`) }).access, `http://${host}`);
  assert.equal(urls(gateway(), { live: told("http://old.example.com") }).access, `https://${host}`);
  assert.equal(
    urls(ingress({ tls: { secretName: "c" } }), { live: told(`http://${host}`) }).access,
    `https://${host}`,
  );
});

Deno.test("what the user sets is never set by us", () => {
  const both = { ...ingress({ wildcardHost }) };
  for (const name of ["CODER_ACCESS_URL", "CODER_WILDCARD_ACCESS_URL"]) {
    const field = name === "CODER_ACCESS_URL" ? "access" : "wildcard";
    assert.equal(urls({ ...both, extraEnv: [{ name, value: "mine" }] })[field], undefined);
    assert.equal(urls(both, { fromSources: new Set([name]) })[field], undefined);
  }
  assert.equal(urls({ extraEnv: [{ name: "CODER_ACCESS_URL", value: "x" }] }).clusterOnly, false);
});

Deno.test("envFrom is asked about what might be set, and about nothing else", () => {
  const asked = (spec: Spec) => wantedUrls(controlPlane(spec));
  assert.deepEqual(asked({}), ["CODER_ACCESS_URL"]);
  assert.deepEqual(asked({ envUseClusterAccessURL: false }), []);
  assert.deepEqual(asked({ envUseClusterAccessURL: false, ...ingress({ wildcardHost }) }), [
    "CODER_ACCESS_URL",
    "CODER_WILDCARD_ACCESS_URL",
  ]);
  assert.deepEqual(asked({ extraEnv: [{ name: "CODER_ACCESS_URL", value: "x" }] }), []);
});

Deno.test("names that Coder could not start with are left out", () => {
  assert.equal(urls(ingress({ wildcardHost: "apps.example.com" })).wildcard, undefined);
  assert.equal(
    urls({ expose: { ingress: { host: "*.example.com" } } }).access,
    "http://coder.a.svc.cluster.local",
  );
});

Deno.test("an exposure that cannot be made leaves the Service's address", () => {
  const broken = { expose: { ingress: { host: " " } } };
  assert.equal(urls(broken).access, "http://coder.a.svc.cluster.local");
  assert.equal(exposureInputs(controlPlane(broken)), "none");
});

Deno.test("what counts for a kept template is the user's word, not what Gateways do", () => {
  const inputs = (spec: Spec) => exposureInputs(controlPlane(spec));
  assert.equal(inputs({}), "none");
  assert.equal(inputs(ingress()), `ingress ${host}`);
  assert.equal(
    inputs(ingress({ wildcardHost, tls: { secretName: "c" } })),
    `ingress ${host} ${wildcardHost} TLS`,
  );
  assert.equal(inputs(gateway()), `gateway ${host}`);
});
