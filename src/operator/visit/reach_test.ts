import assert from "node:assert/strict";
import { type CoderControlPlane, parseControlPlane } from "../../api/control_plane.ts";
import { coderAddress, parseKubeProxy, type ReachOptions } from "./reach.ts";

const controlPlane = (spec: CoderControlPlane["spec"] = {}) =>
  parseControlPlane({
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { name: "coder", namespace: "a" },
    spec,
  });
const key = { namespace: "a", name: "coder" };
const none: ReachOptions = { endpoints: new Map(), route: "direct" };

Deno.test("inside the cluster Coder is reached by plain HTTP at its Service, whatever TLS users see", () => {
  assert.equal(coderAddress(key, controlPlane(), none).url, "http://coder.a.svc.cluster.local:80");
  const tls = controlPlane({ tls: { secretNames: ["t"] }, service: { port: 443 } });
  assert.equal(coderAddress(key, tls, none).url, "http://coder.a.svc.cluster.local:80");
  const other = controlPlane({ tls: { secretNames: ["t"] }, service: { port: 8080 } });
  assert.equal(
    coderAddress(key, other, { ...none, clusterDomain: "k8s.example" }).url,
    "http://coder.a.svc.k8s.example:8080",
  );
});

Deno.test("through the API server the address names namespace, Service and plain port", () => {
  const { url } = coderAddress(key, controlPlane({ service: { port: 8080 } }), {
    ...none,
    route: "kube-proxy",
  });
  assert.equal(url, "kube-proxy://a/coder:8080");
  assert.deepEqual(parseKubeProxy(url), { namespace: "a", service: "coder", port: 8080 });
});

Deno.test("an address that the user gave wins", () => {
  const endpoints = new Map([["a/coder", "https://coder.example.com/base"]]);
  for (const route of ["direct", "kube-proxy"] as const) {
    assert.equal(
      coderAddress(key, controlPlane(), { endpoints, route }).url,
      "https://coder.example.com/base",
    );
  }
  assert.match(
    coderAddress({ ...key, name: "b" }, controlPlane(), { endpoints, route: "direct" }).url,
    /^http:/,
  );
});

Deno.test("other addresses are none of the API server's", () => {
  for (
    const url of [
      "http://a/b:80",
      "kube-proxy://a",
      "kube-proxy://a/b",
      "kube-proxy://a/b:x",
      "kube-proxy://a/b:1/c",
    ]
  ) {
    assert.equal(parseKubeProxy(url), undefined, url);
  }
});
