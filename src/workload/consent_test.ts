import assert from "node:assert/strict";
import { isListed } from "./consent.ts";

const asker = { namespace: "team", name: "eu" };

Deno.test("a namespace, one object of it, or a star names who asks", () => {
  for (const list of ["team", "team/eu", "*", " other , team ", "other,team/eu"]) {
    assert.equal(isListed(list, asker), true, list);
  }
});

Deno.test("nothing, others and parts of a name name nobody", () => {
  for (const list of [undefined, "", ",", "tea", "team/", "team/us", "te*", "/eu", "team /eu"]) {
    assert.equal(isListed(list, asker), false, String(list));
  }
  assert.equal(isListed("", { namespace: "", name: "" }), false);
});
