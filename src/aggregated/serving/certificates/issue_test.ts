import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { BACKDATED_MS, issueAuthority, issueServing } from "./issue.ts";

const now = Date.parse("2026-03-01T12:00:00Z");
const HOUR = 3_600_000;

Deno.test("an authority signs itself, and its name tells it from the one before", async () => {
  const [one, two] = await Promise.all([
    issueAuthority("ca", { now, lifetimeMs: HOUR }),
    issueAuthority("ca", { now: now + 1_000, lifetimeMs: HOUR }),
  ]);
  const [first, second] = [new X509Certificate(one.certPem), new X509Certificate(two.certPem)];
  assert.equal(first.ca, true);
  assert.equal(first.verify(first.publicKey), true);
  assert.equal(first.verify(second.publicKey), false);
  assert.notEqual(first.subject, second.subject);
  assert.notEqual(first.serialNumber, second.serialNumber);
  assert.deepEqual([Date.parse(first.validFrom), Date.parse(first.validTo)], [
    now - BACKDATED_MS,
    now + HOUR,
  ]);
});

Deno.test("a serving certificate is for its names, and ends with its authority at the latest", async () => {
  const authority = await issueAuthority("ca", { now, lifetimeMs: HOUR });
  const { certPem } = await issueServing(authority, ["api.ns.svc", "localhost"], {
    now,
    lifetimeMs: 10 * HOUR,
  });
  const leaf = new X509Certificate(certPem);
  assert.equal(leaf.subjectAltName, "DNS:api.ns.svc, DNS:localhost");
  assert.equal(Date.parse(leaf.validTo), now + HOUR);
  assert.equal(leaf.checkIssued(new X509Certificate(authority.certPem)), true);
  assert.equal(leaf.verify(new X509Certificate(authority.certPem).publicKey), true);
  assert.equal(leaf.ca, false);
});

Deno.test("names longer than a subject may be are no trouble", async () => {
  const authority = await issueAuthority("ca", { now, lifetimeMs: HOUR });
  const long = `${"a".repeat(60)}.${"b".repeat(60)}.svc`;
  const leaf = new X509Certificate(
    (await issueServing(authority, [long], { now, lifetimeMs: HOUR })).certPem,
  );
  assert.equal(leaf.subjectAltName, `DNS:${long}`);
});

Deno.test("an authority whose key is not a key signs nothing", async () => {
  const { certPem } = await issueAuthority("ca", { now, lifetimeMs: HOUR });
  await assert.rejects(
    issueServing({ certPem, keyPem: "" }, ["a"], { now, lifetimeMs: HOUR }),
    /holds no PEM block/,
  );
});
