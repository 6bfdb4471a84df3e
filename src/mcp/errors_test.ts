import assert from "node:assert/strict";
import { ActionError } from "../actions/mod.ts";
import { CoderConnectionError, type CoderErrorKind } from "../coder/mod.ts";
import { KubeApiError, KubeConnectionError, ObjectNameError } from "../kube/errors.ts";
import { ToolError, toolError } from "./errors.ts";

const call = { method: "GET", path: "/api" };

Deno.test("refusals of the API server keep their words, after what was tried", () => {
  const codes: [number, string][] = [
    [400, "invalid"],
    [401, "forbidden"],
    [403, "forbidden"],
    [404, "not_found"],
    [409, "conflict"],
    [413, "invalid"],
    [418, "invalid"],
    [422, "invalid"],
    [429, "unavailable"],
    [503, "unavailable"],
    [504, "timeout"],
  ];
  for (const [code, says] of codes) {
    const told = toolError(new KubeApiError(code, "", "no", call), "list things");
    assert.deepEqual([told.code, told.message], [says, "list things: no"], String(code));
  }
});

Deno.test("who cannot be reached is told so, by whichever failure", () => {
  assert.equal(toolError(new KubeConnectionError("x", call)).code, "unavailable");
  assert.equal(toolError(new KubeConnectionError("x", call, { timedOut: true })).code, "timeout");
  assert.equal(toolError(new DOMException("x", "TimeoutError")).code, "timeout");
  assert.equal(toolError(new ObjectNameError("a/b is no name")).message, "a/b is no name");
});

Deno.test("Coder's refusals are told by what may help", () => {
  const codes: Partial<Record<CoderErrorKind, string>> = {
    forbidden: "forbidden",
    notFound: "not_found",
    unsupported: "not_found",
    conflict: "conflict",
    invalid: "invalid",
    rateLimited: "unavailable",
    aborted: "timeout",
  };
  for (const [kind, code] of Object.entries(codes)) {
    const facts = {
      kind: kind as CoderErrorKind,
      call: { method: "GET", route: "/api" },
      maybeSent: false,
    };
    const told = toolError(new CoderConnectionError("why", facts), "do it");
    assert.deepEqual([told.code, told.message], [code, "do it: why"], kind);
  }
  assert.equal(toolError(new ActionError("missing", "gone")).code, "not_found");
});

Deno.test("what is a tool's own message stays as it is, and what is nobody's is not told", () => {
  const own = new ToolError("invalid", "no");
  assert.equal(toolError(own, "do it"), own);
  const told = toolError(new Error("secret"));
  assert.equal(told.code, "internal");
  assert.doesNotMatch(told.message, /secret/);
});
