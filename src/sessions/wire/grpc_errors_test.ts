import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { statusOf, wireErrorOf } from "./grpc_errors.ts";
import { WIRE_ERROR_CODES, WireError } from "./wire_error.ts";

Deno.test("codes come back as they went", () => {
  for (const code of WIRE_ERROR_CODES) {
    const { code: number, details } = statusOf(new WireError(code, "why"));
    const back = wireErrorOf(number, details, "https://c:1");
    assert.equal(back.code, code);
    assert.match(back.message, /https:\/\/c:1/);
    assert.match(back.message, /why/);
  }
});

Deno.test("of errors that are not ours nothing is told", () => {
  const { code, details } = statusOf(new Error("a secret of the inside"));
  assert.equal(code, status.INTERNAL);
  assert.doesNotMatch(details, /secret/);
});

Deno.test("every other status means: try again", () => {
  for (
    const code of [status.CANCELLED, status.INTERNAL, status.DEADLINE_EXCEEDED, status.ABORTED, 99]
  ) {
    const cause = new Error("x");
    const error = wireErrorOf(code, "why", "https://c:1", cause);
    assert.equal(error.code, "unavailable");
    assert.equal(error.cause, cause);
  }
});
