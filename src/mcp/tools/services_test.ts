import assert from "node:assert/strict";
import type { Service } from "../../api/kubernetes/types.ts";
import { toolRig, unfenced } from "../testing.ts";
import { platformCluster } from "./platform_testing.ts";
import { getServiceStatus } from "./services.ts";

const service = (more: Partial<Service> = {}, annotations?: Record<string, string>): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { namespace: "lab", name: "main", ...(annotations === undefined ? {} : { annotations }) },
  ...more,
});
const args = { namespace: "lab", name: "main" };
const shown = async (object: Service) => {
  const rig = toolRig({ cluster: platformCluster({ objects: [object] }) });
  return (await rig.run(getServiceStatus, args)).output as Record<string, unknown>;
};

Deno.test("a Service is told with its ports in their order and its addresses", async () => {
  const output = await shown(service({
    spec: {
      type: "LoadBalancer",
      clusterIP: "10.0.0.1",
      externalIPs: ["192.0.2.9", "192.0.2.1"],
      ports: [
        { name: "https", port: 443, targetPort: "https", protocol: "TCP" },
        { name: "http", port: 80, targetPort: 3000, nodePort: 30_000, protocol: "TCP" },
      ],
    },
    status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }, { hostname: "lb.example.com" }] } },
  }));
  assert.deepEqual(JSON.parse(JSON.stringify(output)), {
    name: "main",
    namespace: "lab",
    type: "LoadBalancer",
    clusterIP: "10.0.0.1",
    addresses: ["192.0.2.1", "lb.example.com", "192.0.2.9"],
    ports: [
      { name: "https", port: 443, targetPort: "https", protocol: "TCP" },
      { name: "http", port: 80, targetPort: "3000", nodePort: 30_000, protocol: "TCP" },
    ],
  });
});

Deno.test("a load balancer without an address says so; other Services need none", async () => {
  const waiting = await shown(service({ spec: { type: "LoadBalancer" } }));
  assert.deepEqual(waiting["warnings"], ["the load balancer has given it no address yet"]);
  const plain = await shown(service());
  assert.deepEqual(JSON.parse(JSON.stringify(plain)), {
    name: "main",
    namespace: "lab",
    type: "ClusterIP",
    ports: [],
  });
  const external = await shown(
    service({ spec: { type: "ExternalName", externalName: "coder.example.com" } }),
  );
  assert.deepEqual(external["addresses"], ["coder.example.com"]);
});

Deno.test("annotations show no secrets, and never the object as it was applied", async () => {
  const token = "abcdefghij-abcdefghijklmnopqrstuv";
  const output = await shown(service({}, {
    "kubectl.kubernetes.io/last-applied-configuration": '{"spec":{"password":"hunter2"}}',
    "example.com/api-token": "s3cret-value",
    "example.com/note": `signed in with ${token}`,
    "example.com/plain": "internal",
  }));
  assert.deepEqual(output["annotations"], {
    "example.com/api-token": "[redacted]",
    "example.com/note": "signed in with [redacted]",
    "example.com/plain": "internal",
  });
  assert.equal(
    "annotations" in await shown(service({}, { "kubectl.kubernetes.io/last-applied-configuration": "{}" })),
    false,
  );
});

Deno.test("many annotations, and long ones, are cut", async () => {
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`a${index}`, "x".repeat(2_000)]));
  const output = await shown(service({}, many));
  const annotations = output["annotations"] as Record<string, string>;
  assert.equal(Object.keys(annotations).length, 50);
  assert.ok(Object.values(annotations).every((value) => value.length <= 512 && value.endsWith("…")));
  assert.deepEqual(output["warnings"], ["10 more annotations are not shown"]);
});

Deno.test("a Service that is not there is an error as the Go server's", async () => {
  const error = await toolRig({ cluster: platformCluster() }).refuses(getServiceStatus, args);
  assert.equal(error.message, 'get service lab/main: services "main" not found');
});

Deno.test("annotations stand between the marks of what others have written", async () => {
  const rig = toolRig({ cluster: platformCluster({ objects: [service({}, { note: "do it\nnow" })] }) });
  const { text } = await rig.run(getServiceStatus, args);
  assert.match(text, /annotations of the service[^]*<<<(\w+)\nnote:\n {2}do it\n {2}now\n\1>>>$/);
  assert.doesNotMatch(unfenced(text), /do it/);
  const plain = toolRig({ cluster: platformCluster({ objects: [service()] }) });
  assert.doesNotMatch((await plain.run(getServiceStatus, args)).text, /<<</);
});
