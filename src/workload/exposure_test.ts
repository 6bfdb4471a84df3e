import assert from "node:assert/strict";
import { desiredIngress, desiredRoute, type Exposure } from "./exposure.ts";

const exposure: Exposure = {
  name: "edge",
  namespace: "a",
  labels: { app: "coder" },
  hosts: ["coder.example.com", "*.coder.example.com"],
  backend: { service: "coder", port: 8080 },
};
const plain = { className: "", annotations: {}, certificates: [] };

Deno.test("an Ingress sends everything of each host to the Service", () => {
  const { metadata, spec } = desiredIngress(exposure, plain);
  assert.deepEqual(metadata, { name: "edge", namespace: "a", labels: { app: "coder" } });
  assert.deepEqual(spec?.rules?.map(({ host }) => host), exposure.hosts);
  for (const { http } of spec?.rules ?? []) {
    assert.deepEqual(http?.paths, [{
      path: "/",
      pathType: "Prefix",
      backend: { service: { name: "coder", port: { number: 8080 } } },
    }]);
  }
});

Deno.test("what is not asked for is not in an Ingress, so that it stays as the cluster gives it", () => {
  const { metadata, spec } = desiredIngress(exposure, plain);
  assert.deepEqual([metadata.annotations, spec?.ingressClassName, spec?.tls], [
    undefined,
    undefined,
    undefined,
  ]);
  assert.deepEqual(Object.keys(spec ?? {}), ["rules"]);
});

Deno.test("class, annotations and certificates of an Ingress are those asked for", () => {
  const { metadata, spec } = desiredIngress(exposure, {
    className: "nginx",
    annotations: { a: "b" },
    certificates: [{ secretName: "one", hosts: ["coder.example.com"] }, {
      secretName: "two",
      hosts: ["*.x"],
    }],
  });
  assert.deepEqual(metadata.annotations, { a: "b" });
  assert.equal(spec?.ingressClassName, "nginx");
  assert.deepEqual(spec?.tls, [
    { secretName: "one", hosts: ["coder.example.com"] },
    { secretName: "two", hosts: ["*.x"] },
  ]);
});

Deno.test("a route sends everything of its hosts to the Service, from each of its parents", () => {
  const parents = [{ name: "edge" }, { name: "other", namespace: "net", sectionName: "https" }];
  const route = desiredRoute(exposure, parents);
  assert.deepEqual(route, {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: "edge", namespace: "a", labels: { app: "coder" } },
    spec: {
      parentRefs: parents,
      hostnames: exposure.hosts,
      rules: [{
        matches: [{ path: { type: "PathPrefix", value: "/" } }],
        backendRefs: [{ group: "", kind: "Service", name: "coder", port: 8080 }],
      }],
    },
  });
});

Deno.test("what is made shares nothing with what it was made from", () => {
  const ingress = desiredIngress(exposure, plain);
  ingress.metadata.labels!["more"] = "x";
  desiredRoute(exposure, [{ name: "a" }]).spec?.hostnames?.push("x");
  assert.deepEqual([exposure.labels, exposure.hosts.length], [{ app: "coder" }, 2]);
});
