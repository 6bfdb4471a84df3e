import assert from "node:assert/strict";
import { type MaybeTlsSocket, peerCertificates } from "./peer.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

function socket(authorized: boolean | undefined, certificate: unknown): MaybeTlsSocket {
  return { ...(authorized === undefined ? {} : { authorized }), getPeerCertificate: () => certificate };
}

Deno.test("what a client showed is its leaf and what leads on from there", () => {
  const root = { raw: bytes(3), issuerCertificate: undefined as unknown };
  root.issuerCertificate = root;
  const leaf = { raw: bytes(1), issuerCertificate: { raw: bytes(2), issuerCertificate: root } };
  assert.deepEqual(peerCertificates(socket(true, leaf)), {
    leaf: bytes(1),
    chain: [bytes(2), bytes(3)],
    authorized: true,
  });
});

Deno.test("only `true` is authorized", () => {
  const leaf = { raw: bytes(1) };
  assert.equal(peerCertificates(socket(true, leaf))?.authorized, true);
  assert.equal(peerCertificates(socket(false, leaf))?.authorized, false);
  assert.equal(peerCertificates(socket(undefined, leaf))?.authorized, false);
  assert.equal(
    peerCertificates({ ...socket(true, leaf), authorized: 1 as unknown as boolean })?.authorized,
    false,
  );
});

Deno.test("an authorized connection without a certificate has none, as runtimes said that did not look", () => {
  for (
    const certificate of [undefined, null, {}, { subject: { CN: "x" } }, { raw: "text" }, { raw: bytes() }]
  ) {
    assert.equal(peerCertificates(socket(true, certificate)), undefined, JSON.stringify(certificate));
  }
  assert.equal(peerCertificates({}), undefined, "a connection without TLS");
});

Deno.test("it is read once for each connection, and stays the same object", () => {
  let reads = 0;
  const one: MaybeTlsSocket = {
    authorized: true,
    getPeerCertificate(detailed) {
      assert.equal(detailed, true);
      reads++;
      return { raw: bytes(1) };
    },
  };
  const first = peerCertificates(one);
  assert.equal(peerCertificates(one), first);
  assert.equal(reads, 1);
  assert.notEqual(peerCertificates(socket(true, { raw: bytes(1) })), first);
});

Deno.test("a chain that leads in circles, or on for ever, ends", () => {
  const [one, two] = [{ raw: bytes(1), issuerCertificate: {} }, { raw: bytes(2), issuerCertificate: {} }];
  one.issuerCertificate = two;
  two.issuerCertificate = one;
  assert.equal(peerCertificates(socket(true, one))?.chain.length, 1);
  const endless = (): unknown => ({
    raw: bytes(1),
    get issuerCertificate() {
      return endless();
    },
  });
  assert.equal(peerCertificates(socket(true, endless()))?.chain.length, 11);
});
