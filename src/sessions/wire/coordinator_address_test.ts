import assert from "node:assert/strict";
import { parseCoordinatorAddress } from "./coordinator_address.ts";
import { WireError } from "./wire_error.ts";

const read = (text: string, allowInsecure = false) => {
  const { target, isTls } = parseCoordinatorAddress(text, allowInsecure);
  return `${isTls ? "tls" : "plain"} ${target}`;
};

Deno.test("addresses are read as people write them", () => {
  assert.equal(read("https://coordinator.example.com"), "tls coordinator.example.com:50050");
  assert.equal(read("https://coordinator.example.com:443/"), "tls coordinator.example.com:443");
  assert.equal(read("grpcs://10.0.0.1:50051"), "tls 10.0.0.1:50051");
  assert.equal(read("coordinator.example.com"), "tls coordinator.example.com:50050");
  assert.equal(read(" coordinator:8443 "), "tls coordinator:8443");
  assert.equal(read("https://[fd00::1]:50050"), "tls [fd00::1]:50050");
  assert.equal(read("localhost"), "plain localhost:50050");
  assert.equal(read("127.0.0.1:7"), "plain 127.0.0.1:7");
  assert.equal(read("http://[::1]:50050"), "plain [::1]:50050");
  assert.equal(read("grpc://localhost:80"), "plain localhost:80");
  assert.equal(read("https://localhost:80"), "tls localhost:80");
});

Deno.test("plain text leaves this machine only where that is wanted", () => {
  assert.throws(() => read("http://coordinator:50050"), (error: unknown) => {
    assert.ok(error instanceof WireError && error.code === "invalid");
    assert.match(error.message, /plain text to coordinator.*--grpc-insecure/);
    return true;
  });
  assert.equal(read("http://coordinator", true), "plain coordinator:50050");
});

Deno.test("what is no address is refused, without what may be secret in it", () => {
  for (
    const text of ["", "https://", "ftp://a", "https://a:99999", "https://a/b", "https://a?b", "https://a#b"]
  ) {
    assert.throws(() => read(text), { name: "WireError", code: "invalid" }, text);
  }
  assert.throws(() => read("https://user:hunter2@a"), (error: Error) => !error.message.includes("hunter2"));
});

Deno.test("an address is shown with its scheme", () => {
  assert.equal(parseCoordinatorAddress("coordinator").text, "https://coordinator:50050");
  assert.equal(parseCoordinatorAddress("localhost:1").text, "http://localhost:1");
});
