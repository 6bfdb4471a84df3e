import assert from "node:assert/strict";
import { parseControlPlane } from "../api/control_plane.ts";
import { type OwnPort, service, serviceSpec } from "./service.ts";

const selector = { app: "coder" };
const http: OwnPort = { name: "http", port: 80, targetPort: 8080, protocol: "TCP" };
const https: OwnPort = { name: "https", port: 443, targetPort: 8443, protocol: "TCP" };

function spec(service: object, ports: OwnPort[] = [http]) {
  const settings = parseControlPlane({ metadata: { name: "coder" }, spec: { service } }).spec.service;
  return serviceSpec(settings, selector, ports);
}

Deno.test("without further settings nothing but type, selector and ports is said", () => {
  assert.deepEqual(spec({}), { type: "ClusterIP", selector, ports: [http] });
});

Deno.test("every field of a Service lands where it should", () => {
  const fields = {
    sessionAffinity: "ClientIP",
    externalTrafficPolicy: "Local",
    internalTrafficPolicy: "Cluster",
    loadBalancerClass: "example.com/lb",
    loadBalancerIP: "10.0.0.1",
    loadBalancerSourceRanges: ["10.0.0.0/8"],
    ipFamilyPolicy: "PreferDualStack",
    ipFamilies: ["IPv6", "IPv4"],
  };
  assert.deepEqual(spec({ type: "LoadBalancer", ...fields }), {
    type: "LoadBalancer",
    selector,
    ports: [http],
    ...fields,
  });
});

Deno.test("node ports go to the ports that they are for", () => {
  const both = spec({ type: "NodePort", httpNodePort: 30080, httpsNodePort: 30443 }, [https, http]);
  assert.deepEqual(both.ports, [{ ...https, nodePort: 30443 }, { ...http, nodePort: 30080 }]);
  const plain = spec({ type: "NodePort", httpsNodePort: 30443 });
  assert.deepEqual(plain.ports, [http], "without TLS there is no port for it");
});

Deno.test("further ports come last, and lead to the same port of the pods where nothing else is said", () => {
  const { ports } = spec({
    type: "NodePort",
    extraPorts: [
      { name: "metrics", port: 2112 },
      { name: "dns", port: 53, targetPort: "dns-udp", protocol: "UDP", appProtocol: "dns", nodePort: 30053 },
    ],
  });
  assert.deepEqual(ports, [
    http,
    { name: "metrics", port: 2112, targetPort: 2112, protocol: "TCP" },
    {
      name: "dns",
      port: 53,
      targetPort: "dns-udp",
      protocol: "UDP",
      appProtocol: "dns",
      nodePort: 30053,
    },
  ]);
});

Deno.test("a Service selects by its own labels, and has the annotations that the user gives", () => {
  const { spec: { service: settings } } = parseControlPlane({
    metadata: { name: "coder" },
    spec: { service: { annotations: { a: "b" } } },
  });
  const child = { name: "x", namespace: "a", labels: { app: "x" } };
  assert.deepEqual(service(child, settings, [http]), {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "x", namespace: "a", labels: { app: "x" }, annotations: { a: "b" } },
    spec: { type: "ClusterIP", selector: { app: "x" }, ports: [http] },
  });
  assert.equal("annotations" in service(child, { ...settings, annotations: {} }, []).metadata, false);
});
