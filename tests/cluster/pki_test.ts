import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import tls from "node:tls";
import type { AddressInfo } from "node:net";
import { createAuthority, createSigningKey, issueCertificate, type KeyPair, serviceDnsNames } from "./pki.ts";
import * as x509 from "@peculiar/x509";

const parsed = ({ certPem }: KeyPair) => new X509Certificate(certPem);

Deno.test("an authority is self-signed and may sign", async () => {
  const ca = parsed(await createAuthority("test-ca"));
  assert.equal(ca.ca, true);
  assert.equal(ca.subject, "CN=test-ca");
  assert.equal(ca.issuer, ca.subject);
  assert.ok(ca.verify(ca.publicKey));
});

Deno.test("a client certificate carries user and groups, and its authority's signature alone", async () => {
  const authority = await createAuthority("test-ca");
  const other = await createAuthority("test-ca");
  const request = {
    commonName: "system:kwok",
    organizations: ["system:masters", "b"],
    usage: ["client" as const],
  };
  const certificate = parsed(await issueCertificate(authority, request));
  assert.deepEqual(certificate.subject.split("\n"), ["O=system:masters", "O=b", "CN=system:kwok"]);
  assert.equal(certificate.ca, false);
  assert.ok(certificate.verify(parsed(authority).publicKey));
  assert.equal(certificate.verify(parsed(other).publicKey), false);
});

Deno.test("a certificate says what it may be used for", async () => {
  const authority = await createAuthority("test-ca");
  const usages = async (usage: ("server" | "client")[]) => {
    const { certPem } = await issueCertificate(authority, { commonName: "x", usage });
    return [...new x509.X509Certificate(certPem).getExtension(x509.ExtendedKeyUsageExtension)?.usages ?? []];
  };
  assert.deepEqual(await usages(["client"]), ["1.3.6.1.5.5.7.3.2"]);
  assert.deepEqual(await usages(["server", "client"]), ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
});

Deno.test("a serving certificate names its hosts and addresses", async () => {
  const authority = await createAuthority("test-ca");
  const certificate = parsed(
    await issueCertificate(authority, {
      commonName: "api",
      dnsNames: serviceDnsNames("api", "ns"),
      ipAddresses: ["127.0.0.1", "::1"],
      usage: ["server"],
    }),
  );
  assert.equal(certificate.checkHost("api.ns.svc"), "api.ns.svc");
  assert.equal(certificate.checkHost("api.other.svc"), undefined);
  assert.equal(certificate.checkIP("127.0.0.1"), "127.0.0.1");
});

Deno.test("a certificate is valid now, for ten years unless asked otherwise", async () => {
  const authority = await createAuthority("test-ca");
  const ends = async (validForMs?: number) => {
    const span = validForMs === undefined ? {} : { validForMs };
    const certificate = parsed(
      await issueCertificate(authority, { commonName: "x", usage: ["client"], ...span }),
    );
    assert.ok(new Date(certificate.validFrom).getTime() < Date.now());
    return new Date(certificate.validTo).getTime() - Date.now();
  };
  assert.ok(await ends() > 9 * 365 * 24 * 3600 * 1000);
  const short = await ends(60_000);
  assert.ok(short > 50_000 && short <= 61_000, `${short} ms`);
  assert.ok(await ends(-1000) < 0, "a certificate that has expired can be made");
});

Deno.test("serial numbers differ", async () => {
  const authority = await createAuthority("test-ca");
  const make = () => issueCertificate(authority, { commonName: "x", usage: ["client"] });
  const serials = (await Promise.all([make(), make(), make()])).map((pair) => parsed(pair).serialNumber);
  assert.equal(new Set(serials).size, 3);
});

Deno.test("an authority whose key is empty is refused", async () => {
  const authority = await createAuthority("test-ca");
  await assert.rejects(
    issueCertificate({ ...authority, keyPem: "" }, { commonName: "x", usage: ["client"] }),
    /private key holds no PEM block/,
  );
});

Deno.test("both sides of a mutual TLS connection accept each other's certificates", async () => {
  const authority = await createAuthority("test-ca");
  const server = await issueCertificate(authority, {
    commonName: "s",
    ipAddresses: ["127.0.0.1"],
    usage: ["server"],
  });
  const client = await issueCertificate(authority, { commonName: "alice", usage: ["client"] });
  const listener = tls.createServer({
    cert: server.certPem,
    key: server.keyPem,
    ca: authority.certPem,
    requestCert: true,
    rejectUnauthorized: true,
  }, (socket) => socket.end(String(socket.getPeerCertificate().subject.CN)));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", () => resolve()));
  const { port } = listener.address() as AddressInfo;
  const said = await new Promise<string>((resolve, reject) => {
    let text = "";
    tls.connect({ host: "127.0.0.1", port, ca: authority.certPem, cert: client.certPem, key: client.keyPem })
      .on("data", (chunk: Uint8Array) => text += new TextDecoder().decode(chunk))
      .on("end", () => resolve(text))
      .on("error", reject);
  });
  assert.equal(said, "alice");
  await new Promise((resolve) => listener.close(resolve));
});

Deno.test("a signing key's halves belong together", async () => {
  const { publicKeyPem, privateKeyPem } = await createSigningKey();
  const { createPrivateKey, createPublicKey } = await import("node:crypto");
  const fromPrivate = createPublicKey(createPrivateKey(privateKeyPem)).export({
    type: "spki",
    format: "pem",
  });
  assert.equal(String(fromPrivate).replaceAll(/\s/g, ""), publicKeyPem.replaceAll(/\s/g, ""));
});
