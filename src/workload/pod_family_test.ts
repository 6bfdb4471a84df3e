import assert from "node:assert/strict";
import type { Service } from "../api/kubernetes/types.ts";
import { type FamilyFacts, podFamily } from "./pod_family.ts";

const service = (...ipFamilies: string[]): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: {},
  spec: { ipFamilies },
});
const IPV4 = "http://$(KUBE_POD_IP):8080";
const IPV6 = "http://[$(KUBE_POD_IP)]:8080";
const family = (facts: Partial<FamilyFacts>) =>
  podFamily({ asked: undefined, service: undefined, told: undefined, ...facts });

Deno.test("the family is the first that the cluster gave the Service", () => {
  assert.equal(family({ service: service("IPv6") }), "IPv6");
  assert.equal(family({ service: service("IPv4", "IPv6") }), "IPv4");
  assert.equal(family({ service: service("IPv4"), told: IPV6 }), "IPv4");
});

Deno.test("families that the user asked for tell nothing about pods", () => {
  const given = { asked: ["IPv6"], service: service("IPv6") };
  assert.equal(family(given), undefined);
  assert.equal(family({ ...given, told: IPV4 }), undefined);
  assert.equal(family({ ...given, told: IPV6 }), "IPv6");
});

Deno.test("without a Service nothing is known, and what pods were told stays", () => {
  for (const unknown of [undefined, service(), service("IPX")]) {
    assert.equal(family({ service: unknown }), undefined);
    assert.equal(family({ service: unknown, told: IPV6 }), "IPv6");
  }
});

Deno.test("pods are told with the port of their relay", () => {
  assert.equal(family({ told: "http://[$(KUBE_POD_IP)]:3001", port: 3001 }), "IPv6");
  assert.equal(family({ told: IPV6, port: 3001 }), undefined);
});
