import assert from "node:assert/strict";
import { createGuard, isLoopbackAddress } from "./guard.ts";

Deno.test("on loopback, loopback names and pages are let in, and others by name alone", () => {
  const guard = createGuard({ isLoopback: true, allowedHosts: ["Mcp.Example.com", "proxy:8443"] });
  for (
    const host of [
      "localhost",
      "LOCALHOST:8090",
      "127.0.0.1:1",
      "[::1]:8090",
      "127.1.2.3",
      "mcp.example.com:443",
      "proxy:8443",
    ]
  ) assert.equal(guard(host, undefined), undefined, host);
  for (
    const host of [
      undefined,
      "",
      "evil.com",
      "localhost.evil.com",
      "127.0.0.1.evil.com",
      "proxy:1",
      "evil.com:localhost",
    ]
  ) assert.equal(guard(host, undefined), "host", String(host));
  for (const origin of ["http://localhost:6274", "https://127.0.0.1", "http://[::1]:3000"]) {
    assert.equal(guard("localhost", origin), undefined, origin);
  }
  for (
    const origin of [
      "null",
      "",
      "http://evil.com",
      "http://localhost.evil.com",
      "http://localhost@evil.com",
      "file://",
    ]
  ) assert.equal(guard("localhost", origin), "origin", origin);
});

Deno.test("elsewhere, any host is taken until some are named, and pages by name alone", () => {
  const open = createGuard({ isLoopback: false, allowedOrigins: ["https://app.example.com/"] });
  assert.equal(open("10.0.0.7:8090", undefined), undefined);
  assert.equal(open("10.0.0.7:8090", "https://APP.example.com"), undefined);
  assert.equal(open("10.0.0.7:8090", "http://localhost:3000"), "origin");
  const named = createGuard({ isLoopback: false, allowedHosts: ["mcp.example.com"] });
  assert.equal(named("mcp.example.com", undefined), undefined);
  assert.equal(named("localhost:8090", undefined), undefined);
  assert.equal(named("10.0.0.7:8090", undefined), "host");
});

Deno.test("addresses of this machine alone are known", () => {
  for (const address of ["127.0.0.1", "::1", "localhost", "127.0.0.53"]) {
    assert.ok(isLoopbackAddress(address));
  }
  for (const address of ["0.0.0.0", "::", "10.0.0.1", "localhost.example"]) {
    assert.ok(!isLoopbackAddress(address));
  }
});
