import assert from "node:assert/strict";
import type { CallerMethod } from "../../caller/types.ts";
import { isAdmin } from "./admins.ts";

const ID = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const is = (admins: string[], name: string, method: CallerMethod, uid?: string) =>
  isAdmin({ admins }, {
    user: { name, groups: [], extra: {}, ...(uid === undefined ? {} : { uid }) },
    method,
  });

Deno.test("administrators are named, by their names or by what Coder calls them for good", () => {
  assert.equal(is(["ann"], "ann", "token"), true);
  assert.equal(is(["ann"], "bob", "token"), false);
  assert.equal(is(["ann"], "coder:ann", "coder", ID), false);
  assert.equal(is(["coder:ann"], "coder:ann", "coder", ID), true);
  assert.equal(is([`coder:${ID}`], "coder:whatever", "coder", ID), true);
  assert.equal(is([`coder:${ID}`], "coder:whatever", "coder", "another"), false);
  assert.equal(is([`coder:${ID}`], "ann", "oidc", ID), false, "ids of others are not Coder's");
  assert.equal(is([], "anybody", "process"), true);
  assert.equal(is([], "anybody", "proxy"), false);
});
