import assert from "node:assert/strict";
import { mcpCaller } from "../../caller/caller_id.ts";
import type { CallerMethod } from "../../../caller/types.ts";
import { ownerOf } from "./shared.ts";

function owner(name: string, method: CallerMethod, uid?: string) {
  const user = { name, groups: [], extra: {}, ...(uid === undefined ? {} : { uid }) };
  return ownerOf({ caller: mcpCaller(user, method) });
}

Deno.test("a session's owner is called by name, and a user of Coder by id", () => {
  assert.deepEqual(owner("ann", "token"), { id: "ann", name: "ann" });
  assert.deepEqual(owner("ann", "oidc", "17"), { id: "ann", name: "ann" });
  assert.deepEqual(owner("coder:ann", "coder", "17"), { id: "coder:17", name: "coder:ann" });
});

Deno.test("nobody has the sessions of a user of Coder by being called as their id", () => {
  for (const method of ["token", "oidc", "proxy", "process"] as const) {
    assert.notEqual(owner("coder:17", method).id, owner("coder:ann", "coder", "17").id);
    assert.notEqual(owner("coder:17", method, "17").id, owner("coder:ann", "coder", "17").id);
    assert.equal(owner("coder:17", method).id, owner("coder:17", method).id);
  }
});
