import assert from "node:assert/strict";
import type { Gateway } from "../api/gateway.ts";
import { ACCESS_URL, type AccessFacts, accessUrls, type AccessWishes, askedUrls } from "./access_urls.ts";
import type { WantedExposure } from "./wanted_exposure.ts";

const host = "coder.example.com";
const exposure = {
  name: "x",
  namespace: "a",
  labels: {},
  hosts: [host, "*.coder.example.com"],
  backend: { service: "x", port: 80 },
};
const nothing: WantedExposure = { by: "nothing" };
const ingress: WantedExposure = {
  by: "ingress",
  exposure,
  settings: { className: "", annotations: {}, certificates: [{ secretName: "s", hosts: [host] }] },
};
const route: WantedExposure = { by: "gateway", exposure, parents: [{ name: "edge" }] };
const plain: Gateway = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "Gateway",
  metadata: { name: "edge" },
  spec: { listeners: [{ name: "web", protocol: "HTTP", port: 80 }] },
};

const wishes = (wanted: WantedExposure, more: Partial<AccessWishes> = {}): AccessWishes => ({
  wanted,
  cluster: "http://inside",
  isOfUser: () => false,
  ...more,
});
const urls = (given: AccessWishes, facts: Partial<AccessFacts> = {}) =>
  accessUrls(given, { fromSources: new Set(), lookup: () => undefined, told: undefined, ...facts });

Deno.test("an exposed program is told its public names, another one that of its Service", () => {
  assert.deepEqual(urls(wishes(ingress)), {
    access: `https://${host}`,
    wildcard: "*.coder.example.com",
    clusterOnly: false,
  });
  assert.deepEqual(urls(wishes(nothing)), {
    access: "http://inside",
    wildcard: undefined,
    clusterOnly: true,
  });
  assert.deepEqual(urls(wishes(nothing, { cluster: undefined })), {
    access: undefined,
    wildcard: undefined,
    clusterOnly: false,
  });
});

Deno.test("what the user sets is left alone, in the spec and in envFrom", () => {
  const mine = { isOfUser: (name: string) => name === ACCESS_URL };
  const left = { access: undefined, wildcard: "*.coder.example.com", clusterOnly: false };
  assert.deepEqual(urls(wishes(ingress, mine)), left);
  assert.deepEqual(urls(wishes(ingress), { fromSources: new Set([ACCESS_URL]) }), left);
  assert.equal(urls(wishes(nothing, mine)).clusterOnly, false);
});

Deno.test("a Gateway that is out of sight changes nothing that pods were told", () => {
  assert.equal(urls(wishes(route)).access, `https://${host}`);
  assert.equal(urls(wishes(route), { lookup: () => plain }).access, `http://${host}`);
  assert.equal(urls(wishes(route), { told: `http://${host}` }).access, `http://${host}`);
  assert.equal(urls(wishes(route), { told: "http://old.example.com" }).access, `https://${host}`);
  assert.equal(urls(wishes(ingress), { told: `http://${host}` }).access, `https://${host}`);
});

Deno.test("envFrom is asked about what might be set, and about nothing else", () => {
  const both = ["CODER_ACCESS_URL", "CODER_WILDCARD_ACCESS_URL"];
  assert.deepEqual(askedUrls(wishes(ingress)), both);
  assert.deepEqual(askedUrls(wishes(ingress, { cluster: undefined })), both);
  assert.deepEqual(askedUrls(wishes(nothing)), ["CODER_ACCESS_URL"]);
  assert.deepEqual(askedUrls(wishes(nothing, { cluster: undefined })), []);
  assert.deepEqual(askedUrls(wishes(ingress, { isOfUser: (name) => name === ACCESS_URL })), [
    "CODER_WILDCARD_ACCESS_URL",
  ]);
});
