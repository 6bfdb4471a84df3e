import assert from "node:assert/strict";
import { ANONYMOUS, isAnonymous, type KubeUser, withAuthenticatedGroup } from "./user.ts";

const jane: KubeUser = { name: "jane", groups: ["dev"], extra: {} };

Deno.test("whoever is logged in is in the group of all who are", () => {
  assert.deepEqual(withAuthenticatedGroup(jane).groups, ["dev", "system:authenticated"]);
  assert.deepEqual(jane.groups, ["dev"], "the user that came in is left alone");
});

Deno.test("the group is not added twice, and not to anonymous users", () => {
  const already = { ...jane, groups: ["system:authenticated", "dev"] };
  assert.equal(withAuthenticatedGroup(already), already);
  assert.equal(withAuthenticatedGroup(ANONYMOUS), ANONYMOUS);
  const proxied = { ...jane, groups: ["system:unauthenticated"] };
  assert.equal(withAuthenticatedGroup(proxied), proxied);
});

Deno.test("anonymous is who has the name or the group", () => {
  assert.equal(isAnonymous(ANONYMOUS), true);
  assert.equal(isAnonymous({ ...jane, name: "system:anonymous" }), true);
  assert.equal(isAnonymous({ ...jane, groups: ["a", "system:unauthenticated"] }), true);
  assert.equal(isAnonymous(jane), false);
});

Deno.test("nobody can make more of the anonymous user", () => {
  assert.throws(() => (ANONYMOUS.groups as string[]).push("system:masters"), TypeError);
  assert.throws(() => Object.assign(ANONYMOUS, { name: "admin" }), TypeError);
  assert.throws(() => Object.assign(ANONYMOUS.extra, { scopes: ["all"] }), TypeError);
});
