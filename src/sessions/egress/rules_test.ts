import assert from "node:assert/strict";
import { parseAddress } from "./addresses.ts";
import { normalHost, parseEgressRules } from "./rules.ts";

Deno.test("a host without a port is reached at 80 and 443", () => {
  const rules = parseEgressRules(["Example.COM.", "db.internal:5432", "git.example.org:*"]);
  assert.ok(rules.allowsName("example.com", 80));
  assert.ok(rules.allowsName("example.com", 443));
  assert.ok(!rules.allowsName("example.com", 22));
  assert.ok(!rules.allowsName("www.example.com", 443));
  assert.ok(!rules.allowsName("badexample.com", 443));
  assert.ok(rules.allowsName("db.internal", 5432));
  assert.ok(!rules.allowsName("db.internal", 443));
  assert.ok(rules.allowsName("git.example.org", 22));
});

Deno.test("*.example.com is what is below it", () => {
  const rules = parseEgressRules(["*.example.com"]);
  assert.ok(rules.allowsName("a.example.com", 443));
  assert.ok(rules.allowsName("a.b.example.com", 443));
  assert.ok(!rules.allowsName("example.com", 443));
  assert.ok(!rules.allowsName("xexample.com", 443));
  assert.ok(!rules.allowsName("a.example.com.evil.org", 443));
});

Deno.test("* is every name, and no address that is not public", () => {
  const rules = parseEgressRules(["*", "*:8443"]);
  assert.ok(rules.allowsName("anything.example", 443));
  assert.ok(rules.allowsName("anything.example", 8443));
  assert.ok(!rules.allowsName("anything.example", 22));
  assert.ok(!rules.allowsAddress(parseAddress("10.0.0.1")!, 443));
});

Deno.test("addresses and ranges are listed as such, with a port or without", () => {
  const rules = parseEgressRules([
    "10.1.0.0/16",
    "10.9.9.9:8080",
    "[fd00::/8]:*",
    "fd12::1",
    "[::1]:9",
    "::2",
  ]);
  const allows = (address: string, port: number) => rules.allowsAddress(parseAddress(address)!, port);
  assert.ok(allows("10.1.2.3", 443));
  assert.ok(!allows("10.1.2.3", 22));
  assert.ok(!allows("10.2.0.1", 443));
  assert.ok(allows("10.9.9.9", 8080));
  assert.ok(!allows("10.9.9.9", 443));
  assert.ok(allows("fd77::1", 12345));
  assert.ok(allows("::1", 9));
  assert.ok(!allows("::1", 80));
  assert.ok(allows("::2", 80));
  assert.ok(!rules.allowsName("10.1.2.3", 443));
});

Deno.test("entries that cannot be read are named", () => {
  for (
    const entry of [
      "",
      "a b",
      "example.com:0",
      "example.com:99999",
      "example.com:http",
      "https://example.com",
      "example.com/path",
      "10.0.0.0/40",
      "10.0.0",
      "*.*.com",
      "a.*.com",
      "-a.com",
      "a..b",
      "[::1",
      "user@example.com",
    ]
  ) {
    assert.throws(
      () => parseEgressRules(["ok.example", entry]),
      (error: Error) => error.message.includes(JSON.stringify(entry)) && error.message.includes("host:port"),
      entry,
    );
  }
});

Deno.test("hosts are compared in one form", () => {
  assert.equal(normalHost("EXAMPLE.com."), "example.com");
  assert.equal(normalHost("[FD00::1]"), "fd00::1");
  assert.equal(normalHost("xn--bcher-kva.example"), "xn--bcher-kva.example");
  assert.equal(normalHost("_srv.example"), "_srv.example");
  for (
    const text of [
      "",
      ".",
      "a..b",
      "fd00::1",
      "[example.com]",
      "[fe80::1%1]",
      "a_b-.c",
      "ä.example",
      "a%2e.b",
    ]
  ) {
    assert.equal(normalHost(text), undefined, text);
  }
  assert.equal(normalHost(`${"a".repeat(64)}.b`), undefined);
  assert.equal(normalHost("a.".repeat(130) + "b"), undefined);
});
