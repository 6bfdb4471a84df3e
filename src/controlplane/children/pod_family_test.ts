import assert from "node:assert/strict";
import type { Deployment, Service } from "../../api/kubernetes/types.ts";
import { podFamily } from "./pod_family.ts";
import { podTemplate } from "./pod_template.ts";
import { controlPlane } from "../testing.ts";

const service = (...ipFamilies: string[]): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: {},
  spec: { ipFamilies },
});
const running = (family: "IPv4" | "IPv6"): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {},
  spec: { selector: {}, template: podTemplate(controlPlane(), { family }) },
});

Deno.test("the family is the first that the cluster gave the Service", () => {
  assert.equal(podFamily(controlPlane(), service("IPv6"), undefined), "IPv6");
  assert.equal(podFamily(controlPlane(), service("IPv4", "IPv6"), undefined), "IPv4");
  assert.equal(podFamily(controlPlane(), service("IPv4"), running("IPv6")), "IPv4");
});

Deno.test("families that the user asked for tell nothing about pods", () => {
  const asked = controlPlane({ service: { ipFamilies: ["IPv6"] } });
  assert.equal(podFamily(asked, service("IPv6"), undefined), undefined);
  assert.equal(podFamily(asked, service("IPv6"), running("IPv4")), undefined);
  assert.equal(podFamily(asked, service("IPv6"), running("IPv6")), "IPv6");
});

Deno.test("without a Service nothing is known, and what pods were told stays", () => {
  for (const unknown of [undefined, service(), service("IPX")]) {
    assert.equal(podFamily(controlPlane(), unknown, undefined), undefined);
    assert.equal(podFamily(controlPlane(), unknown, running("IPv6")), "IPv6");
  }
});
