import assert from "node:assert/strict";
import { coder } from "./testing.ts";

const service = (flow: string) => coder(`{service: ${flow}}`);

Deno.test("the chart's Service is a load balancer unless the values say otherwise", () => {
  assert.deepEqual(service("{}").spec.service, { type: "LoadBalancer" });
  assert.deepEqual(service("{type: ClusterIP}").spec.service, { type: "ClusterIP" });
  const odd = service("{type: ExternalName}");
  assert.deepEqual([odd.spec.service?.type, odd.said.length], ["ClusterIP", 1]);
});

Deno.test("a chart without a Service gets one inside the cluster, and a word", () => {
  const { spec, said } = service("{enable: false, loadBalancerIP: 192.0.2.1, httpNodePort: 30080}");
  assert.deepEqual(spec.service, { type: "ClusterIP" });
  assert.match(said.join(), /^coder\.service\.enable: the operator always keeps a Service/);
});

Deno.test("what the chart says of load balancers counts for them alone", () => {
  const fields = "loadBalancerIP: 192.0.2.1, loadBalancerClass: a/b, externalTrafficPolicy: Local";
  assert.deepEqual(service(`{${fields}}`).spec.service, {
    type: "LoadBalancer",
    externalTrafficPolicy: "Local",
    loadBalancerClass: "a/b",
    loadBalancerIP: "192.0.2.1",
  });
  assert.deepEqual(service(`{type: NodePort, ${fields}}`).spec.service, { type: "NodePort" });
  assert.deepEqual(service(`{type: NodePort, ${fields}}`).said, []);
});

Deno.test("node ports count for both types that have them, quoted or not, and 0 is none", () => {
  const ports = "httpNodePort: '30080', httpsNodePort: 30443";
  const both = { httpNodePort: 30080, httpsNodePort: 30443 };
  assert.deepEqual(service(`{type: NodePort, ${ports}}`).spec.service, { type: "NodePort", ...both });
  assert.deepEqual(service(`{${ports}}`).spec.service, { type: "LoadBalancer", ...both });
  assert.deepEqual(service(`{type: ClusterIP, ${ports}}`).spec.service, { type: "ClusterIP" });
  const odd = service("{httpNodePort: 0, httpsNodePort: 70000}");
  assert.deepEqual(odd.spec.service, { type: "LoadBalancer" });
  assert.deepEqual(odd.said, ["coder.service.httpsNodePort: is not a port and was left out"]);
});

Deno.test("values that no Service can have are left out with a word", () => {
  const { spec, said } = service(
    "{sessionAffinity: Cookie, externalTrafficPolicy: Far, loadBalancerIP: here}",
  );
  assert.deepEqual(spec.service, { type: "LoadBalancer" });
  assert.deepEqual(said.map((line) => line.split(":")[0]).toSorted(), [
    "coder.service.externalTrafficPolicy",
    "coder.service.loadBalancerIP",
    "coder.service.sessionAffinity",
  ]);
});

Deno.test("further ports are taken where they are whole", () => {
  const { spec, said } = service(`{type: NodePort, additionalPorts: [
    {name: more, port: 8081, targetPort: 8081, protocol: TCP, nodePort: 30081},
    {name: named, port: 8082, targetPort: web},
    {name: http, port: 80}, {port: 1}, {name: x}, {name: y, port: 0}, text,
    {name: z, port: 1, nodePort: 99999}]}`);
  assert.deepEqual(spec.service?.extraPorts, [
    { name: "more", port: 8081, targetPort: 8081, protocol: "TCP", nodePort: 30081 },
    { name: "named", port: 8082, targetPort: "web" },
    { name: "z", port: 1 },
  ]);
  assert.deepEqual(said.map((line) => line.split(": ")[0]), [
    "coder.service.additionalPorts[2]",
    "coder.service.additionalPorts[3]",
    "coder.service.additionalPorts[4]",
    "coder.service.additionalPorts[5].port",
    "coder.service.additionalPorts[5]",
    "coder.service.additionalPorts[6]",
    "coder.service.additionalPorts[7].nodePort",
  ]);
});
