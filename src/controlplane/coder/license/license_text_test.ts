import assert from "node:assert/strict";
import { fakeLicense, type LicenseWords } from "../../../../tests/fake-coder/mod.ts";
import type { License } from "../../../coder/mod.ts";
import { findLicense, sha256 } from "./license_text.ts";

const JTI = "0b6f4a52-7c1e-4c0a-9d53-2f6b3f1a9c11";

function claimsOf(text: string): Record<string, unknown> {
  return JSON.parse(
    new TextDecoder().decode(Uint8Array.fromBase64(text.split(".")[1] ?? "", { alphabet: "base64url" })),
  );
}
function entry(text: string, id = 1, changes: Partial<License> = {}): License {
  const claims = claimsOf(text);
  return { id, uuid: String(claims["jti"]), uploaded_at: "2026-01-01T00:00:00Z", claims, ...changes };
}
const license = (words: LicenseWords = {}) =>
  fakeLicense({ jti: JTI, license_expires: 2_000_000_000, ...words });

Deno.test("the hash is the Go operator's", () => {
  assert.equal(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

Deno.test("a licence is found by its identity, in any case of letters", () => {
  const text = license();
  assert.equal(findLicense([entry(fakeLicense(), 7), entry(text, 8)], text)?.id, 8);
  assert.equal(findLicense([entry(text, 8, { uuid: JTI.toUpperCase() })], ` ${text} `)?.id, 8);
  assert.equal(findLicense([], text), undefined);
});

Deno.test("one identity with other terms is another licence", () => {
  const old = entry(license({ license_expires: 1_900_000_000 }), 1);
  assert.equal(findLicense([old], license()), undefined);
  assert.equal(findLicense([entry(license({ features: { user_limit: 5 } }))], license()), undefined);
  assert.equal(findLicense([old, entry(license(), 2)], license())?.id, 2);
});

Deno.test("terms that Coder does not show do not tell licences apart", () => {
  assert.equal(findLicense([entry(license(), 3, { claims: {} })], license())?.id, 3);
});

Deno.test("a licence without an identity is known by all its claims", () => {
  const text = license().split(".");
  const bare = (more: object) => {
    const { jti: _, ...claims } = claimsOf(license());
    const payload = new TextEncoder().encode(JSON.stringify({ ...claims, ...more }))
      .toBase64({ alphabet: "base64url", omitPadding: true });
    return [text[0], payload, text[2]].join(".");
  };
  const known = entry(bare({}), 4, { uuid: "random" });
  assert.equal(findLicense([known], bare({}))?.id, 4);
  assert.equal(findLicense([known], bare({ account_id: "other" })), undefined);
});

Deno.test("what is no licence is found nowhere", () => {
  assert.equal(findLicense([entry(license())], "not-a-licence"), undefined);
  assert.equal(findLicense([entry(license())], "a.b.c"), undefined);
});
