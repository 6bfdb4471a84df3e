import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { algorithmsFor, knownKeys } from "./known_hosts.ts";

const of = (text: string, host = "host.example.com", port = 22) =>
  knownKeys(text, host, port).keys.map(({ key }) => key);

Deno.test("lines are of a host by its name, a pattern, an address with a port, or a hash", () => {
  assert.deepEqual(of("host.example.com ssh-ed25519 A\nother ssh-ed25519 B"), ["A"]);
  assert.deepEqual(of("a,host.example.com,b ssh-rsa A comment"), ["A"]);
  assert.deepEqual(of("*.example.com ssh-rsa A\r\n?ost.example.com ssh-rsa B"), ["A", "B"]);
  assert.deepEqual(of("*.example.com,!host.example.com ssh-rsa A"), []);
  assert.deepEqual(of("HOST.example.com ssh-rsa A"), ["A"]);
  assert.deepEqual(of("host.example.com ssh-rsa A", "host.example.com", 2222), []);
  assert.deepEqual(of("[host.example.com]:2222 ssh-rsa A", "host.example.com", 2222), ["A"]);
  const salt = new Uint8Array(20).fill(7);
  const hash = createHmac("sha1", salt).update("host.example.com").digest("base64");
  assert.deepEqual(of(`|1|${salt.toBase64()}|${hash} ssh-rsa A\n|1|%|x ssh-rsa B`), ["A"]);
  assert.deepEqual(of("# host.example.com ssh-rsa A\n\nhost.example.com\nhostXexample.com ssh-rsa A"), []);
});

Deno.test("stolen keys are told apart, authorities are left out", () => {
  const known = knownKeys("@revoked * ssh-rsa A\n@cert-authority * ssh-rsa B\n* ssh-rsa C", "x", 22);
  assert.deepEqual(known, { keys: [{ type: "ssh-rsa", key: "C" }], revoked: ["A"] });
});

Deno.test("a key is asked for by algorithms that prove it, those with SHA-1 left out", () => {
  const keys = ["ssh-rsa", "ssh-ed25519", "ssh-rsa"].map((type) => ({ type, key: "" }));
  assert.deepEqual(algorithmsFor({ keys, revoked: [] }), ["rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519"]);
});
