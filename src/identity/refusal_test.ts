import assert from "node:assert/strict";
import { forbidden, internalError, unauthorized, unavailable } from "./refusal.ts";

Deno.test("each refusal has the code and the reason that clients of Kubernetes know", () => {
  assert.deepEqual(unauthorized("a"), { code: 401, reason: "Unauthorized", message: "a" });
  assert.deepEqual(forbidden("b"), { code: 403, reason: "Forbidden", message: "b" });
  assert.deepEqual(internalError("c"), { code: 500, reason: "InternalError", message: "c" });
});

Deno.test("503 says when to try again: at least a second, and whole seconds", () => {
  const waits = [undefined, 0, 0.2, 1.2, 30].map((seconds) => unavailable("d", seconds).retryAfterSeconds);
  assert.deepEqual(waits, [1, 1, 1, 2, 30]);
  assert.deepEqual(unavailable("d").reason, "ServiceUnavailable");
});
