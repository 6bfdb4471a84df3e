import assert from "node:assert/strict";
import { CoderAddressError, parseAddress } from "./address.ts";

Deno.test("a base path is kept, without its trailing slashes", () => {
  for (
    const address of [
      "https://h.example:8443/base",
      "https://h.example:8443/base/",
      "https://h.example:8443/base//",
    ]
  ) {
    const { basePath, text } = parseAddress(address);
    assert.equal(basePath, "/base");
    assert.equal(text, "https://h.example:8443/base");
  }
});

Deno.test("an address without a path has an empty base path", () => {
  assert.equal(parseAddress("http://coder.ns.svc").basePath, "");
  assert.equal(parseAddress("http://coder.ns.svc/").basePath, "");
});

Deno.test("IPv6 addresses are addresses", () => {
  assert.equal(parseAddress("http://[::1]:7080").url.hostname, "[::1]");
});

Deno.test("what is no address is refused with what to give instead", () => {
  assert.throws(
    () => parseAddress("coder"),
    (error: Error) => error instanceof CoderAddressError && /give https:\/\/host/.test(error.message),
  );
  assert.throws(() => parseAddress(""), CoderAddressError);
});

Deno.test("only http and https are ways to Coder", () => {
  for (const address of ["ftp://h/", "file:///etc/passwd", "unix:/run/coder"]) {
    assert.throws(() => parseAddress(address), CoderAddressError, address);
  }
});

Deno.test("user information, queries and fragments are refused and not repeated", () => {
  for (
    const address of ["https://me:hunter2pass@h/", "https://h/?token=hunter2pass", "https://h/#hunter2pass"]
  ) {
    assert.throws(() => parseAddress(address), (error: Error) => {
      assert.ok(error instanceof CoderAddressError);
      assert.doesNotMatch(error.message, /hunter2pass/);
      assert.match(error.message, /https:\/\/h/);
      return true;
    });
  }
});
