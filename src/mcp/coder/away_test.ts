import assert from "node:assert/strict";
import { TokenError } from "../../inventory/mod.ts";
import { ToolError } from "../errors.ts";
import { away, isForeign } from "./away.ts";

Deno.test("a Coder that is away is named, with the reason", () => {
  const error = away({ id: "lab/coder" }, "it has no token yet");
  assert.ok(error instanceof ToolError);
  assert.equal(error.code, "unavailable");
  assert.equal(error.message, "the Coder of lab/coder cannot be asked now: it has no token yet");
});

Deno.test("messages of opening are shown, those of mistakes and of refusals are not", () => {
  assert.ok(isForeign(new Error("the Secret lab/token has no key token")));
  assert.ok(isForeign(new TokenError("there is none")));
  assert.equal(isForeign(new TypeError("x is not a function")), false);
  assert.equal(isForeign(new ToolError("forbidden", "no")), false);
  assert.equal(isForeign("text"), false);
});
