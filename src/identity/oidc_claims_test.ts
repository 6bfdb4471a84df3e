import assert from "node:assert/strict";
import { ClaimError, type OidcClaimRules, ScopeError, userFromClaims } from "./oidc_claims.ts";

const refuses = (claims: Record<string, unknown>, rules: OidcClaimRules, why: RegExp) =>
  assert.throws(() => userFromClaims(claims, rules), (error) => {
    assert.ok(error instanceof ClaimError);
    assert.match(error.message, why);
    return true;
  });

Deno.test("names and groups are those of the claims, with their prefixes", () => {
  const claims = { sub: "7", name: "ann", teams: ["a", "b"] };
  assert.deepEqual(userFromClaims(claims, {}), { name: "7", groups: [], extra: {} });
  const rules = { usernameClaim: "name", usernamePrefix: "idp:", groupsClaim: "teams", groupsPrefix: "idp/" };
  assert.deepEqual(userFromClaims(claims, rules), { name: "idp:ann", groups: ["idp/a", "idp/b"], extra: {} });
  assert.deepEqual(userFromClaims({ ...claims, teams: "a" }, rules).groups, ["idp/a"]);
  assert.deepEqual(userFromClaims({ name: "ann" }, rules).groups, []);
});

Deno.test("claims that name nobody are refused", () => {
  refuses({}, {}, /no name in the claim sub/);
  refuses({ sub: "" }, {}, /no name/);
  refuses({ sub: 7 }, {}, /no name/);
  refuses({ sub: "x" }, { usernameClaim: "constructor" }, /no name/);
  refuses({ sub: "x", g: [1] }, { groupsClaim: "g" }, /no list of groups/);
  refuses({ sub: "x", g: { a: 1 } }, { groupsClaim: "g" }, /no list of groups/);
});

Deno.test("an e-mail address counts where it is verified, or the issuer does not say", () => {
  const rules = { usernameClaim: "email" };
  assert.equal(userFromClaims({ email: "a@b.c" }, rules).name, "a@b.c");
  assert.equal(userFromClaims({ email: "a@b.c", email_verified: true }, rules).name, "a@b.c");
  for (const email_verified of [false, "true", 1]) {
    refuses({ email: "a@b.c", email_verified }, rules, /not verified/);
  }
  assert.equal(userFromClaims({ sub: "a", email_verified: false }, {}).name, "a");
});

Deno.test("required claims must be there as they are", () => {
  const rules = { requiredClaims: { tenant: "acme" } };
  assert.equal(userFromClaims({ sub: "a", tenant: "acme" }, rules).name, "a");
  for (const tenant of ["Acme", undefined, ["acme"], true]) {
    refuses({ sub: "a", tenant }, rules, /claim tenant/);
  }
});

Deno.test("an issuer cannot make anybody one of the system's", () => {
  refuses({ sub: "system:admin" }, {}, /one of the system's/);
  refuses({ sub: "a", g: ["system:masters"] }, { groupsClaim: "g" }, /system:masters/);
  refuses({ sub: "admin" }, { usernamePrefix: "system:" }, /one of the system's/);
  refuses({ sub: "a", g: ["masters"] }, { groupsClaim: "g", groupsPrefix: "system:" }, /system:masters/);
  assert.equal(
    userFromClaims({ sub: "system:admin" }, { usernamePrefix: "oidc:" }).name,
    "oidc:system:admin",
  );
});

Deno.test("scopes are a text or a list, and all of them are needed", () => {
  const rules = { scopes: ["a", "b"] };
  assert.equal(userFromClaims({ sub: "x", scope: "b a" }, rules).name, "x");
  assert.equal(userFromClaims({ sub: "x", scope: "a", scp: ["b"] }, rules).name, "x");
  assert.throws(() => userFromClaims({ sub: "x", scope: "ab" }, rules), (error) => {
    assert.ok(error instanceof ScopeError);
    assert.equal(error.message, "the scope a b is missing");
    return true;
  });
});
