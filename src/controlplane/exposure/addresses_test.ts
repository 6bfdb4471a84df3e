import assert from "node:assert/strict";
import type { Gateway } from "../../api/gateway.ts";
import { externalAddress, internalAddress } from "./addresses.ts";
import { wantedExposure } from "./exposure.ts";
import { controlPlane } from "../testing.ts";

const unknown = () => undefined;
const ingress = (more: object = {}) =>
  externalAddress(
    wantedExposure(controlPlane({ expose: { ingress: { host: "coder.example.com", ...more } } })),
    unknown,
  );

Deno.test("callers inside the cluster get plain HTTP with a port, whatever Coder serves beside", () => {
  const inside = (spec: object, domain = "cluster.local") => internalAddress(controlPlane(spec), domain);
  assert.equal(inside({}), "http://coder.a.svc.cluster.local:80");
  assert.equal(inside({ service: { port: 8080 } }), "http://coder.a.svc.cluster.local:8080");
  const tls = { secretNames: ["t"] };
  assert.equal(inside({ tls }), "http://coder.a.svc.cluster.local:80");
  assert.equal(inside({ tls, service: { port: 443 } }), "http://coder.a.svc.cluster.local:80");
  assert.equal(inside({ tls, service: { port: 8080 } }, "k8s.test"), "http://coder.a.svc.k8s.test:8080");
});

Deno.test("without a way from outside there is no address outside", () => {
  assert.equal(externalAddress({ by: "nothing" }, unknown), undefined);
});

Deno.test("an Ingress is reached by HTTPS where it has a certificate for the main host", () => {
  assert.equal(ingress(), "http://coder.example.com");
  assert.equal(ingress({ tls: { secretName: "t" } }), "https://coder.example.com");
  const wildcardOnly = { wildcardHost: "*.x", tls: { wildcardSecretName: "w" } };
  assert.equal(ingress(wildcardOnly), "http://coder.example.com");
});

Deno.test("a wildcard is no address", () => {
  assert.equal(ingress({ host: "*.example.com" }), undefined);
});

Deno.test("a route is reached as the listeners of its Gateway speak", () => {
  const expose = { gateway: { host: "coder.example.com", parentRefs: [{ name: "edge" }] } };
  const wanted = wantedExposure(controlPlane({ expose }));
  const gateway: Gateway = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { name: "edge" },
    spec: { listeners: [{ name: "web", protocol: "HTTP", port: 80 }] },
  };
  assert.equal(externalAddress(wanted, unknown), "https://coder.example.com");
  assert.equal(externalAddress(wanted, () => gateway), "http://coder.example.com");
});
