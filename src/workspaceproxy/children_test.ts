import assert from "node:assert/strict";
import { childLabels, childName, desiredDeployment, desiredService, internalAddress } from "./children.ts";
import { LABELS, workspaceProxy } from "./testing.ts";

Deno.test("children are named and labelled as those of the Go operator", () => {
  assert.equal(childName(workspaceProxy()), "wsproxy-eu");
  assert.deepEqual(childLabels(workspaceProxy()), LABELS);
  const long = workspaceProxy({}, { name: "a".repeat(70) });
  assert.equal(childName(long), `wsproxy-${"a".repeat(46)}-5904740b`);
  assert.equal(childLabels(long)["app.kubernetes.io/instance"], `${"a".repeat(54)}-5904740b`);
});

Deno.test("the Service of a bare proxy leads from port 80 to its pods", () => {
  assert.deepEqual(desiredService(workspaceProxy()), {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "wsproxy-eu", namespace: "a", labels: LABELS },
    spec: {
      type: "ClusterIP",
      selector: LABELS,
      ports: [{ name: "http", port: 80, targetPort: 3001, protocol: "TCP" }],
    },
  });
});

Deno.test("every field of the Service is the user's to set", () => {
  const service = {
    type: "LoadBalancer",
    port: 8080,
    annotations: { a: "b" },
    httpNodePort: 30080,
    externalTrafficPolicy: "Local",
    extraPorts: [{ name: "metrics", port: 2112 }],
  };
  const { metadata, spec } = desiredService(workspaceProxy({ service }));
  assert.deepEqual(metadata.annotations, { a: "b" });
  assert.equal(spec?.type, "LoadBalancer");
  assert.equal(spec?.externalTrafficPolicy, "Local");
  assert.deepEqual(spec?.ports, [
    { name: "http", port: 8080, targetPort: 3001, protocol: "TCP", nodePort: 30080 },
    { name: "metrics", port: 2112, targetPort: 2112, protocol: "TCP" },
  ]);
});

Deno.test("the address inside the cluster always has its port", () => {
  assert.equal(internalAddress(workspaceProxy()), "http://wsproxy-eu.a.svc.cluster.local:80");
  const proxy = workspaceProxy({ service: { port: 8080 } });
  assert.equal(internalAddress(proxy, "k8s.lan"), "http://wsproxy-eu.a.svc.k8s.lan:8080");
});

Deno.test("the Deployment has the Go operator's name, selects its own pods, and says what the spec wants", () => {
  const { metadata, spec } = desiredDeployment(workspaceProxy({ replicas: 3 }), {
    template: undefined,
    replicas: undefined,
    inputs: "i",
    rendering: "r",
    recorded: {},
    strategy: undefined,
  });
  assert.deepEqual([metadata.namespace, metadata.name, metadata.labels], ["a", "wsproxy-eu", LABELS]);
  assert.equal(metadata.annotations?.["coder.com/replicas"], "3");
  assert.deepEqual(spec, { selector: { matchLabels: LABELS } });
});
