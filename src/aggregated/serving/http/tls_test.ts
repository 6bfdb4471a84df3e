import assert from "node:assert/strict";
import { issueAuthority, issueServing } from "../certificates/issue.ts";
import { objectionToKeyPair } from "./tls.ts";

const VALIDITY = { now: Date.now(), lifetimeMs: 3_600_000 };

Deno.test("a pair can be served where key and certificate belong together", async () => {
  const authority = await issueAuthority("test", VALIDITY);
  const [one, two] = await Promise.all([
    issueServing(authority, ["a"], VALIDITY),
    issueServing(authority, ["a"], VALIDITY),
  ]);
  assert.equal(objectionToKeyPair(one), undefined);
  assert.equal(objectionToKeyPair({ ...one, certPem: `${one.certPem}\n${authority.certPem}` }), undefined);
  assert.match(objectionToKeyPair({ ...one, keyPem: two.keyPem }) ?? "", /is not that of the certificate/);
  assert.match(
    objectionToKeyPair({ ...one, certPem: `${authority.certPem}\n${one.certPem}` }) ?? "",
    /is not that of the certificate/,
  );
  assert.match(objectionToKeyPair({ ...one, certPem: one.keyPem }) ?? "", /certificate cannot be read/);
  assert.match(objectionToKeyPair({ ...one, keyPem: one.certPem }) ?? "", /private key cannot be read/);
  assert.match(objectionToKeyPair({ certPem: "", keyPem: "" }) ?? "", /certificate cannot be read/);
});
