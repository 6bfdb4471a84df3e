import assert from "node:assert/strict";
import { clusterAccessUrl, internalUrl, plainPort, relayUrl, servicePort, statusUrl } from "./urls.ts";

const base = { name: "coder", namespace: "a" };

Deno.test("addresses follow port and TLS as the Go operator's did", () => {
  const rows: [number | undefined, boolean, string, string, string][] = [
    [undefined, false, "http://coder.a.svc.cluster.local", ":80", ":80"],
    [0, false, "http://coder.a.svc.cluster.local", ":80", ":80"],
    [80, false, "http://coder.a.svc.cluster.local", ":80", ":80"],
    [8080, false, "http://coder.a.svc.cluster.local:8080", ":8080", ":8080"],
    [443, false, "http://coder.a.svc.cluster.local:443", ":443", ":443"],
    [80, true, "https://coder.a.svc.cluster.local", ":443", ":80"],
    [443, true, "https://coder.a.svc.cluster.local", ":443", ":80"],
    [8080, true, "https://coder.a.svc.cluster.local", ":443", ":8080"],
  ];
  for (const [port, tls, access, statusPort, internalPort] of rows) {
    const address = { ...base, port, tls };
    const row = JSON.stringify(address);
    assert.equal(clusterAccessUrl(address), access, row);
    assert.equal(
      statusUrl(address),
      `${tls ? "https" : "http"}://coder.a.svc.cluster.local${statusPort}`,
      row,
    );
    assert.equal(internalUrl(address), `http://coder.a.svc.cluster.local${internalPort}`, row);
  }
});

Deno.test("the plain port moves away from 443 only where TLS takes that", () => {
  assert.equal(plainPort({ ...base, port: 443, tls: false }), 443);
  assert.equal(plainPort({ ...base, port: 443, tls: true }), 80);
  assert.equal(servicePort(undefined), 80);
});

Deno.test("addresses are in the domain of the cluster", () => {
  const address = { ...base, tls: false, clusterDomain: "k8s.example.com" };
  const host = "http://coder.a.svc.k8s.example.com";
  assert.equal(clusterAccessUrl(address), host);
  assert.equal(statusUrl(address), `${host}:80`);
  assert.equal(internalUrl(address), `${host}:80`);
  assert.equal(internalUrl(address, "other"), "http://coder.a.svc.other:80");
});

Deno.test("the relay URL is the Go operator's, and an IPv6 address stands in brackets", () => {
  assert.equal(relayUrl(undefined), "http://$(KUBE_POD_IP):8080");
  assert.equal(relayUrl("IPv4"), relayUrl(undefined));
  assert.equal(relayUrl("IPv6"), "http://[$(KUBE_POD_IP)]:8080");
  assert.equal(relayUrl("IPv6", 3001), "http://[$(KUBE_POD_IP)]:3001");
  const url = (ip: string) => new URL(relayUrl("IPv6").replace("$(KUBE_POD_IP)", ip));
  assert.equal(url("fd00::1").hostname, "[fd00::1]");
});
