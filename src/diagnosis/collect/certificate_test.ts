import assert from "node:assert/strict";
import { covers, readCertificate } from "./certificate.ts";
import { serverCertificate } from "./testing_certificates.ts";

const FROM = Date.UTC(2026, 0, 2, 3, 4, 5);
const UNTIL = Date.UTC(2026, 2, 4, 5, 6, 7);
const MADE = await serverCertificate({
  names: ["coder.example.com", "*.coder.example.com"],
  addresses: ["192.0.2.7"],
  from: FROM,
  until: UNTIL,
});
const OTHER = await serverCertificate({ names: ["other.example.com"], until: UNTIL });

Deno.test("a certificate is read: whom it is for, from whom, for how long, and whether the key is its own", () => {
  assert.deepEqual(readCertificate(MADE.certPem, MADE.keyPem), {
    certificate: {
      subject: "CN=coder.example.com, O=Lab",
      issuer: "CN=coder.example.com, O=Lab",
      names: ["coder.example.com", "*.coder.example.com", "192.0.2.7"],
      notBefore: "2026-01-02T03:04:05Z",
      notAfter: "2026-03-04T05:06:07Z",
      isCA: false,
      matchesKey: true,
    },
  });
});

Deno.test("of a chain the first certificate counts", () => {
  const reading = readCertificate(`${OTHER.certPem}\n${MADE.certPem}`, undefined);
  assert.ok("certificate" in reading);
  assert.deepEqual(reading.certificate.names, ["other.example.com"]);
  assert.equal("matchesKey" in reading.certificate, false, "no key beside it, no verdict");
});

Deno.test("another key, and what is no key, do not belong to it", () => {
  for (const key of [OTHER.keyPem, "no key", ""]) {
    const reading = readCertificate(MADE.certPem, key);
    assert.ok("certificate" in reading);
    assert.equal(reading.certificate.matchesKey, false);
  }
});

Deno.test("what is no certificate is said, without its words", () => {
  for (const pem of ["", "hunter2", MADE.keyPem, MADE.certPem.slice(0, 200)]) {
    assert.deepEqual(readCertificate(pem, MADE.keyPem), {
      problem: "it holds no PEM certificate that can be read",
    });
  }
});

Deno.test("a name covers itself, and a wildcard one label in its place", () => {
  const names = ["coder.example.com", "*.Apps.example.com", "192.0.2.7"];
  const covered = [
    "coder.example.com",
    "CODER.example.com",
    "coder.example.com.",
    "x.apps.example.com",
    "192.0.2.7",
  ];
  const not = [
    "example.com",
    "x.coder.example.com",
    "a.b.apps.example.com",
    "apps.example.com",
    "192.0.2.8",
    "",
  ];
  assert.deepEqual(covered.filter((host) => !covers(names, host)), []);
  assert.deepEqual(not.filter((host) => covers(names, host)), []);
  assert.equal(
    covers(["*.apps.example.com"], "*.apps.example.com"),
    true,
    "as one asks for a wildcard itself",
  );
});
