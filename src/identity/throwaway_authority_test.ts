import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { parseCaBundle, pemToDer, verifyClientCertificate } from "./certificates.ts";
import { createThrowawayAuthority } from "./throwaway_authority.ts";

Deno.test("what it issues for clients verifies against it, and what it issues for servers does not", async () => {
  const authority = await createThrowawayAuthority("once");
  const bundle = parseCaBundle(authority.certPem);
  const verify = async (usage: "client" | "server") => {
    const { certPem } = await authority.issue("front-proxy", usage);
    return await verifyClientCertificate({ leaf: pemToDer(certPem)[0]!, chain: [] }, bundle, Date.now());
  };
  const client = await verify("client");
  assert.ok(client.verified && client.holder.commonName === "front-proxy");
  assert.ok(client.notAfter - Date.now() <= 3_600_000, "an hour at most");
  assert.equal((await verify("server")).verified, false);
});

Deno.test("a server's certificate is for 127.0.0.1, and its key belongs to it", async () => {
  const authority = await createThrowawayAuthority("once");
  const { certPem, keyPem } = await authority.issue("localhost", "server");
  const certificate = new X509Certificate(certPem);
  assert.equal(certificate.checkIP("127.0.0.1"), "127.0.0.1");
  assert.ok(certificate.verify(new X509Certificate(authority.certPem).publicKey));
  assert.match(keyPem, /BEGIN PRIVATE KEY/);
});

Deno.test("two authorities of one name share nothing", async () => {
  const [one, two] = await Promise.all([createThrowawayAuthority("once"), createThrowawayAuthority("once")]);
  const { certPem } = await one.issue("x", "client");
  const elsewhere = parseCaBundle(two.certPem);
  const leaf = { leaf: pemToDer(certPem)[0]!, chain: [] };
  assert.equal((await verifyClientCertificate(leaf, elsewhere, Date.now())).verified, false);
});
