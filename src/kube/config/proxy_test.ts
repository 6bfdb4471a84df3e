import assert from "node:assert/strict";
import { KubeConfigError } from "./connection.ts";
import { proxyFor } from "./proxy.ts";

const server = new URL("https://kube.example.com:6443");

function fromEnvironment(url: string, env: Record<string, string>): string | undefined {
  return proxyFor(new URL(url), undefined, env, "file")?.href;
}

Deno.test("the cluster's own proxy wins over the environment", () => {
  const env = { HTTPS_PROXY: "http://other:1", NO_PROXY: "*" };
  assert.equal(proxyFor(server, "http://proxy:3128", env, "file")?.host, "proxy:3128");
});

Deno.test("the variable follows the server's scheme, in either case", () => {
  assert.equal(
    fromEnvironment("https://a", { HTTPS_PROXY: "http://p:1", HTTP_PROXY: "http://q:1" }),
    "http://p:1/",
  );
  assert.equal(
    fromEnvironment("http://a", { HTTPS_PROXY: "http://p:1", HTTP_PROXY: "http://q:1" }),
    "http://q:1/",
  );
  assert.equal(fromEnvironment("https://a", { https_proxy: "http://p:1" }), "http://p:1/");
  assert.equal(fromEnvironment("https://a", {}), undefined);
});

Deno.test("a proxy without a scheme is an HTTP proxy", () => {
  assert.equal(fromEnvironment("https://a", { HTTPS_PROXY: "proxy:3128" }), "http://proxy:3128/");
});

Deno.test("servers on this machine are reached directly", () => {
  const env = { HTTPS_PROXY: "http://p:1" };
  for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"]) {
    assert.equal(fromEnvironment(`https://${host}:6443`, env), undefined, host);
  }
});

Deno.test("NO_PROXY excludes hosts, domains, ports, addresses and blocks", () => {
  const excluded = (noProxy: string, url: string) =>
    fromEnvironment(url, { HTTPS_PROXY: "http://p:1", NO_PROXY: noProxy }) === undefined;
  assert.ok(excluded("kube.example.com", "https://kube.example.com"));
  assert.ok(excluded("example.com", "https://kube.example.com"));
  assert.ok(excluded(".example.com", "https://kube.example.com"));
  assert.ok(excluded("*.example.com", "https://KUBE.example.com"));
  assert.ok(excluded("other, kube.example.com", "https://kube.example.com"));
  assert.ok(excluded("*", "https://anything"));
  assert.ok(excluded("kube:6443", "https://kube:6443"));
  assert.ok(excluded("kube:443", "https://kube"));
  assert.ok(excluded("10.0.0.0/8", "https://10.96.0.1"));
  assert.ok(excluded("10.96.0.1", "https://10.96.0.1"));
  assert.ok(excluded("0.0.0.0/0", "https://200.1.1.1"));

  assert.ok(!excluded("example.com", "https://notexample.com"));
  assert.ok(!excluded("kube:6443", "https://kube:6444"));
  assert.ok(!excluded("10.0.0.0/8", "https://11.0.0.1"));
  assert.ok(!excluded("10.0.0.0/8", "https://kube"));
  assert.ok(!excluded("10.0.0.0/99", "https://10.0.0.1"));
  assert.ok(!excluded("300.0.0.0/8", "https://10.0.0.1"));
  assert.ok(!excluded("", "https://kube"));
});

Deno.test("no_proxy in lower case counts, too", () => {
  assert.equal(fromEnvironment("https://kube", { HTTPS_PROXY: "http://p:1", no_proxy: "kube" }), undefined);
});

Deno.test("other kinds of proxy are refused, without repeating a password", () => {
  assert.throws(() => proxyFor(server, "socks5://me:secret@p:1080", {}, "file"), (error) => {
    assert.ok(error instanceof KubeConfigError);
    assert.match(error.message, /proxy-url of file is socks5:\/\//);
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
  assert.throws(
    () => fromEnvironment("https://a", { HTTPS_PROXY: "http://" }),
    /HTTPS_PROXY is an address that/,
  );
});
