import assert from "node:assert/strict";
import type { Gateway } from "../api/gateway.ts";
import { gatewayAddresses, type GatewayLookup, routeScheme } from "./exposure_listeners.ts";

type Listener = NonNullable<NonNullable<Gateway["spec"]>["listeners"]>[number];

const HOST = "coder.example.com";
const http: Listener = { name: "web", protocol: "HTTP", port: 80 };
const https: Listener = { name: "websecure", protocol: "HTTPS", port: 443 };

function gateway(listeners?: Listener[], addresses: string[] = []): Gateway {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { name: "edge" },
    ...(listeners && { spec: { listeners } }),
    status: { addresses: addresses.map((value) => ({ value })) },
  };
}

/** Gateways by name. */
const lookup = (gateways: Record<string, Gateway>): GatewayLookup => ({ name }) => gateways[name];
const scheme = (listeners: Listener[], parent = { name: "edge" }) =>
  routeScheme(HOST, [parent], lookup({ edge: gateway(listeners) }));

Deno.test("a Gateway that speaks nothing but HTTP makes the address http", () => {
  assert.equal(scheme([http]), "http");
  assert.equal(scheme([http, https]), "https");
  assert.equal(scheme([https]), "https");
  assert.equal(scheme([http, { ...https, protocol: "example.com/QUIC" }]), "https");
});

Deno.test("where nothing is known https is taken for granted", () => {
  assert.equal(routeScheme(HOST, [{ name: "edge" }], () => undefined), "https");
  assert.equal(routeScheme(HOST, [{ name: "edge" }], () => gateway()), "https");
  assert.equal(scheme([]), "https");
  assert.equal(scheme([{ ...http, hostname: "other.example.com" }]), "https");
  const known = lookup({ edge: gateway([http]) });
  assert.equal(routeScheme(HOST, [{ name: "edge" }, { name: "unknown" }], known), "https");
});

Deno.test("only the listener that a parent names counts", () => {
  const parents = (sectionName: string) => ({ name: "edge", sectionName });
  assert.equal(scheme([http, https], parents("web")), "http");
  assert.equal(scheme([http, https], parents("websecure")), "https");
});

Deno.test("only listeners for the host count; a wildcard stands for one level or more", () => {
  const only = (hostname: string) => scheme([http, { ...https, hostname }]);
  for (const hostname of ["", HOST, "*.example.com", "*.com"]) {
    assert.equal(only(hostname), "https", hostname);
  }
  for (const hostname of ["example.com", "*.coder.example.com", "*.ample.com", "xcoder.example.com"]) {
    assert.equal(only(hostname), "http", hostname);
  }
});

Deno.test("the addresses of all Gateways are told, each once", () => {
  const gateways = lookup({
    one: gateway([], ["203.0.113.1", "lb.example.net"]),
    two: gateway([], ["203.0.113.1"]),
  });
  assert.deepEqual(gatewayAddresses([{ name: "one" }, { name: "two" }, { name: "none" }], gateways), [
    "203.0.113.1",
    "lb.example.net",
  ]);
});
