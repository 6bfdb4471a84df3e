import assert from "node:assert/strict";
import { failure, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import { fakeLicense } from "../../tests/fake-coder/mod.ts";
import { type CoderApiError, isNotEntitled } from "./errors.ts";
import { entitlementsSchema, readLicenseClaims } from "./licenses.ts";

Deno.test("a deployment without licences has an empty list and no entitlements", async () => {
  await using rig = await startClientRig();
  assert.deepEqual(await rig.client.licenses.list(), []);
  const entitlements = await rig.client.licenses.entitlements();
  assert.equal(entitlements.has_license, false);
  assert.equal(entitlements.features["workspace_proxy"]?.entitlement, "not_entitled");
});

Deno.test("an added licence is recognised by its claims and entitles", async () => {
  await using rig = await startClientRig();
  const jwt = fakeLicense({ trial: true });
  const added = await rig.client.licenses.add(`${jwt}\n`);
  assert.equal(added.uuid, readLicenseClaims(jwt)?.jti);
  assert.equal(added.claims["trial"], true);
  const [listed] = await rig.client.licenses.list();
  assert.equal(listed?.id, added.id);
  const entitlements = await rig.client.licenses.entitlements();
  assert.equal(entitlements.has_license && entitlements.trial, true);
  assert.equal(entitlements.features["workspace_proxy"]?.entitlement, "entitled");
  assert.equal(entitlements.features["custom_roles"]?.entitlement, "not_entitled");
});

Deno.test("entitlements are refreshed on demand, once a minute", async () => {
  await using rig = await startClientRig();
  await rig.client.licenses.refresh();
  const soon = await failure(rig.client.licenses.refresh());
  assert.equal(soon.kind, "invalid");
  assert.ok(soon.retryAfterMs !== undefined && soon.retryAfterMs <= 60_000);
  rig.fake.state.advance(60_000);
  await rig.client.licenses.refresh();
});

Deno.test("entitlements need neither a token nor the database", async () => {
  await using rig = await startClientRig();
  await rig.client.licenses.add(fakeLicense());
  rig.fake.settings.databaseAway = true;
  for (const token of [undefined, "", `${"a".repeat(10)}-${"b".repeat(22)}`]) {
    assert.equal((await rig.clientWith(token).licenses.entitlements()).has_license, true);
  }
});

Deno.test("another text with the same identity is stored beside the first", async () => {
  await using rig = await startClientRig();
  const jti = crypto.randomUUID();
  await rig.client.licenses.add(fakeLicense({ jti, license_expires: 2_000_000_000 }));
  await rig.client.licenses.add(fakeLicense({ jti, license_expires: 2_100_000_000 }));
  assert.deepEqual((await rig.client.licenses.list()).map(({ uuid }) => uuid), [jti, jti]);
});

Deno.test("a licence that is there already is a conflict, not an outage to retry", async () => {
  await using rig = await startClientRig();
  const jwt = fakeLicense();
  await rig.client.licenses.add(jwt);
  const error = await failure(rig.client.licenses.add(jwt));
  assert.equal(error.kind, "conflict");
  assert.equal((error as CoderApiError).status, 500);
});

Deno.test("text that is no licence, an expired one and a foreign one are invalid", async () => {
  await using rig = await startClientRig();
  const past = Math.floor(Date.now() / 1_000) - 90 * 24 * 3_600;
  for (
    const jwt of ["nonsense", fakeLicense({ license_expires: past }), fakeLicense({ deployment_ids: ["x"] })]
  ) {
    assert.equal((await failure(rig.client.licenses.add(jwt))).kind, "invalid");
  }
  assert.equal(rig.fake.state.licenses.length, 0);
});

Deno.test("a licence in its grace period still entitles, as such", async () => {
  await using rig = await startClientRig();
  await rig.client.licenses.add(fakeLicense());
  rig.fake.state.advance(30 * 24 * 3_600_000 + 3_600_000);
  const again = rig.clientWith(rig.fake.state.addToken(rig.owner));
  const { features } = await again.licenses.entitlements();
  assert.equal(features["workspace_proxy"]?.entitlement, "grace_period");
});

Deno.test("a licence is deleted by number, and once", async () => {
  await using rig = await startClientRig();
  const { id } = await rig.client.licenses.add(fakeLicense());
  assert.equal(await rig.client.licenses.delete(id), true);
  assert.equal(await rig.client.licenses.delete(id), false);
  assert.deepEqual(await rig.client.licenses.list(), []);
});

Deno.test("licences are the business of owners", async () => {
  await using rig = await startClientRig();
  const member = rig.memberClient();
  assert.deepEqual(await member.licenses.list(), []);
  const error = await failure(member.licenses.add(fakeLicense()));
  assert.equal(error.kind, "forbidden");
  assert.equal(isNotEntitled(error), false);
});

Deno.test("entitlements without features are a broken answer", () => {
  assert.equal(entitlementsSchema.safeParse({ features: null, has_license: true }).success, false);
  const odd = {
    features: { new_one: { entitlement: "who_knows", extra: 1 } },
    has_license: false,
    warnings: null,
  };
  assert.deepEqual(entitlementsSchema.parse(odd).warnings, []);
});

Deno.test("claims are read from licences alone", () => {
  const claims = readLicenseClaims(
    fakeLicense({ jti: "11111111-2222-3333-4444-555555555555", license_expires: 7 }),
  );
  assert.equal(claims?.jti, "11111111-2222-3333-4444-555555555555");
  assert.equal(claims?.license_expires, 7);
  for (
    const odd of [
      "",
      "a.b",
      "a.b.c",
      "a.!!.c",
      `a.${btoa("7")}.c`,
      `a.${btoa("{")}.c`,
      `a.${btoa('{"jti":7}')}.c`,
    ]
  ) {
    assert.equal(readLicenseClaims(odd), undefined, odd);
  }
});
