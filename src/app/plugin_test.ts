import assert from "node:assert/strict";
import { impersonation } from "./plugin.ts";

Deno.test("who is impersonated is said as kubectl says it", () => {
  assert.equal(impersonation({ asGroups: [] }), undefined);
  assert.deepEqual(impersonation({ as: "bob", asGroups: [] }), { "impersonate-user": "bob" });
  assert.deepEqual(impersonation({ as: "bob", asGroups: ["a", "b"], asUid: "7" }), {
    "impersonate-user": "bob",
    "impersonate-group": ["a", "b"],
    "impersonate-uid": "7",
  });
});
