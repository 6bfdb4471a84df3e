import assert from "node:assert/strict";
import type { EntitlementFacts } from "../../coder_facts.ts";
import { licenceExpired } from "./licence_expired.ts";
import { licenceInGracePeriod } from "./licence_in_grace_period.ts";
import { licenceMissingForFeature } from "./licence_missing_for_feature.ts";
import { licenceNotApplied } from "./licence_not_applied.ts";
import {
  ago,
  assertCareful,
  causes,
  condition,
  controlPlane,
  entitlements,
  factsOf,
  findings,
  seen,
} from "./testing.ts";

const DAY = 86_400;
const feature = (entitlement: string) => ({ entitlement, enabled: entitlement !== "not_entitled" });
const licensed = controlPlane({ spec: { licenseSecretRef: { name: "licence", key: "jwt" } } });
const withLicence = (parts: Partial<EntitlementFacts>, object: object = licensed) =>
  factsOf("controlplane", { controlPlane: seen(object), entitlements: seen(entitlements(parts)) });
const EXPIRED = {
  hasLicense: false,
  features: { high_availability: feature("not_entitled") },
  expiries: [ago(400 * DAY), ago(2 * DAY)],
};

Deno.test("a licence that has ended is named with its end, and the Secret where the new one goes", () => {
  const facts = withLicence(EXPIRED);
  const [found] = findings(licenceExpired, facts);
  assert.equal(
    found?.cause,
    "The licence of control plane lab/coder expired at 2026-11-20T08:00:00Z: what needs one does not work any more.",
  );
  assert.equal(found?.evidence[0]?.quote, "has_license: false; license_expires: 2026-11-20T08:00:00Z");
  assert.match(
    found?.next[0]?.command ?? "",
    /create secret generic licence --from-file=jwt=licence\.jwt --dry-run=client/,
  );
  assertCareful(licenceExpired, facts, "controlPlane");
});

Deno.test("without its end, Coder's own words or the refusal of the licence tell that it has ended", () => {
  const said = withLicence({ hasLicense: false, errors: ["Your license has expired."] });
  assert.match(
    causes(licenceExpired, said)[0] ?? "",
    /^The licence of control plane lab\/coder has expired: /,
  );
  const refused = controlPlane({
    conditions: [
      condition(
        "LicenseApplied",
        "False",
        "Error",
        "POST /api/v2/licenses: Invalid license: token is expired",
      ),
    ],
  });
  assert.equal(causes(licenceExpired, withLicence({ hasLicense: false }, refused)).length, 1);
});

Deno.test("an old licence beside one that counts is no trouble, and neither is none at all", () => {
  const replaced = { expiries: [ago(DAY), ago(-DAY)], features: { audit_log: feature("entitled") } };
  assert.deepEqual(causes(licenceExpired, withLicence(replaced)), []);
  assert.deepEqual(causes(licenceExpired, withLicence({ hasLicense: false })), []);
  assert.deepEqual(causes(licenceInGracePeriod, withLicence(replaced)), []);
});

Deno.test("features in their time of grace are counted, and the licence has not quite ended", () => {
  const facts = withLicence({
    expiries: [ago(DAY)],
    features: { high_availability: feature("grace_period"), audit_log: feature("grace_period") },
  });
  assert.deepEqual(causes(licenceInGracePeriod, facts), [
    "The licence of control plane lab/coder expired at 2026-11-21T08:00:00Z; Coder still grants 2 features, in its " +
    "time of grace.",
  ]);
  assert.deepEqual(causes(licenceExpired, facts), []);
  assertCareful(licenceInGracePeriod, facts, "entitlements", "controlPlane");
});

Deno.test("a licence that ends within days, as Coder warns, is possible trouble", () => {
  const facts = withLicence({
    features: { audit_log: feature("entitled") },
    warnings: ["Your license expires in 5 days."],
  });
  const [found] = findings(licenceInGracePeriod, facts);
  assert.deepEqual([found?.cause, found?.confidence], [
    "The licence of control plane lab/coder expires in 5 days.",
    "possible",
  ]);
});

Deno.test("what is used without a licence for it is told in Coder's words", () => {
  const error =
    "You have multiple replicas but high availability is an Enterprise feature. You will be unable to " +
    "connect to workspaces.";
  const facts = withLicence({ hasLicense: false, errors: [error] });
  const [found] = findings(licenceMissingForFeature, facts);
  assert.equal(
    found?.cause,
    "There is no licence, or none that counts: that of control plane lab/coder does not cover what is used: " +
      error,
  );
  assert.deepEqual([found?.confidence, found?.evidence[0]?.quote], ["certain", error]);
  const seats = withLicence({
    warnings: ["Your deployment has 12 active users but is only licensed for 10."],
  });
  assert.equal(findings(licenceMissingForFeature, seats)[0]?.confidence, "likely");
  assert.deepEqual(
    causes(licenceMissingForFeature, withLicence({ warnings: ["A new version is there."] })),
    [],
  );
  assertCareful(licenceMissingForFeature, facts, "entitlements", "controlPlane");
});

Deno.test("a licence that could not be applied is told with what the operator says", () => {
  const applied = (status: string, reason: string) =>
    withLicence(
      {},
      controlPlane({ conditions: [condition("LicenseApplied", status, reason, "it is no licence")] }),
    );
  assert.deepEqual(causes(licenceNotApplied, applied("False", "Error")), [
    "The licence of control plane lab/coder could not be applied: it is no licence",
  ]);
  assert.match(
    causes(licenceNotApplied, applied("False", "NotSupported"))[0] ?? "",
    /^This build of Coder knows no/,
  );
  for (
    const [status, reason] of [["False", "Pending"], ["Unknown", "Pending"], ["True", "Applied"]] as const
  ) {
    assert.deepEqual(causes(licenceNotApplied, applied(status, reason)), [], reason);
  }
  assertCareful(licenceNotApplied, applied("False", "Error"), "controlPlane");
});
