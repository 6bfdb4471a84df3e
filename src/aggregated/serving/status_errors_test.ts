import assert from "node:assert/strict";
import * as errors from "./status_errors.ts";
import { Gadgets } from "./testing/gadgets.ts";

Deno.test("every reason has the code and the words that Kubernetes has for it", () => {
  const cases: [errors.StatusError, number, errors.StatusReason, RegExp][] = [
    [errors.badRequest("no"), 400, "BadRequest", /^no$/],
    [errors.unauthorized(), 401, "Unauthorized", /^Unauthorized$/],
    [
      errors.forbiddenObject(Gadgets, "a", "why"),
      403,
      "Forbidden",
      /^gadgets\.gadgets\.coder\.test "a" is forbidden: why$/,
    ],
    [errors.notFound(Gadgets, "a"), 404, "NotFound", /^gadgets\.gadgets\.coder\.test "a" not found$/],
    [errors.unknownPath(), 404, "NotFound", /could not find the requested resource/],
    [
      errors.methodNotAllowed("create", "gadgets"),
      405,
      "MethodNotAllowed",
      /^create is not supported on gadgets$/,
    ],
    [errors.notAcceptable(["a/b", "c/d"]), 406, "NotAcceptable", /media types are accepted: a\/b, c\/d$/],
    [errors.alreadyExists(Gadgets, "a"), 409, "AlreadyExists", /"a" already exists$/],
    [
      errors.conflict(Gadgets, "a", "it changed"),
      409,
      "Conflict",
      /^Operation cannot be fulfilled on .* "a": it changed$/,
    ],
    [errors.gone("away"), 410, "Gone", /^away$/],
    [errors.expired(), 410, "Expired", /too old resource version/],
    [errors.requestEntityTooLarge(5), 413, "RequestEntityTooLarge", /limit is 5$/],
    [errors.unsupportedMediaType(["a/b"]), 415, "UnsupportedMediaType", /unknown format .* a\/b$/],
    [errors.tooManyRequests(), 429, "TooManyRequests", /try again later/],
    [errors.internalError(), 500, "InternalError", /^Internal error occurred: /],
    [errors.serviceUnavailable("later"), 503, "ServiceUnavailable", /^later$/],
    [errors.timeout(), 504, "Timeout", /allotted timeout/],
    [errors.tooLargeResourceVersion("9", "5"), 504, "Timeout", /Too large resource version: 9, current: 5/],
  ];
  for (const [error, code, reason, message] of cases) {
    const { status } = error;
    assert.deepEqual([status.kind, status.apiVersion, status.status], ["Status", "v1", "Failure"]);
    assert.deepEqual([status.code, status.reason], [code, reason]);
    assert.match(status.message, message);
  }
});

Deno.test("a refusal tells who may not do what, in the words of kube-apiserver", () => {
  const deed = { verb: "list", group: "gadgets.coder.test", resource: "gadgets" };
  assert.equal(
    errors.forbidden("jane", { ...deed, namespace: "team" }).message,
    'gadgets.gadgets.coder.test is forbidden: User "jane" cannot list resource "gadgets" in API group "gadgets.coder.test" in the namespace "team"',
  );
  assert.equal(
    errors.forbidden("jane", deed, "RBAC: no role").message,
    'gadgets.gadgets.coder.test is forbidden: User "jane" cannot list resource "gadgets" in API group "gadgets.coder.test" at the cluster scope: RBAC: no role',
  );
  const one = errors.forbidden("jane", {
    ...deed,
    verb: "get",
    subresource: "log",
    namespace: "team",
    name: "a",
  });
  assert.match(
    one.message,
    /^gadgets\.gadgets\.coder\.test "a" is forbidden: .* cannot get resource "gadgets\/log"/,
  );
  assert.deepEqual(one.details, { name: "a", group: "gadgets.coder.test", kind: "gadgets" });
  assert.equal(
    errors.forbidden("jane", { verb: "get", path: "/metrics" }).message,
    'forbidden: User "jane" cannot get path "/metrics"',
  );
  assert.match(
    errors.forbidden("jane", { verb: "get", group: "", resource: "pods" }).message,
    /^pods is forbidden: /,
  );
});

Deno.test("what is invalid is listed cause by cause", () => {
  const kind = { group: "gadgets.coder.test", kind: "Gadget" };
  const one = errors.invalid(kind, "a", [{
    field: "spec.color",
    message: "Required value",
    reason: "FieldValueRequired",
  }]);
  assert.equal(one.message, 'Gadget.gadgets.coder.test "a" is invalid: spec.color: Required value');
  assert.deepEqual(one.details, {
    name: "a",
    group: "gadgets.coder.test",
    kind: "Gadget",
    causes: [{ field: "spec.color", message: "Required value", reason: "FieldValueRequired" }],
  });
  const two = errors.invalid({ group: "", kind: "Gadget" }, "", [{ message: "x" }, {
    field: "f",
    message: "y",
  }]);
  assert.equal(two.message, 'Gadget "" is invalid: [x, f: y]');
  assert.equal(two.code, 422);
});

Deno.test("what makes sense to try again says when", () => {
  assert.equal(errors.tooManyRequests().details?.retryAfterSeconds, 1);
  assert.equal(errors.serviceUnavailable("x", 7).details?.retryAfterSeconds, 7);
  assert.equal(errors.timeout("x", 3).details?.retryAfterSeconds, 3);
  assert.deepEqual(errors.timeout().details, {});
  const { causes, retryAfterSeconds } = errors.tooLargeResourceVersion("9", "5").details ?? {};
  assert.equal(causes?.[0]?.reason, "ResourceVersionTooLarge");
  assert.equal(retryAfterSeconds, 1);
});

Deno.test("a cause stays with us", () => {
  const cause = new Error("http://coder.internal:8080 said token abc");
  const error = errors.internalError({ cause });
  assert.equal(error.cause, cause);
  assert.doesNotMatch(JSON.stringify(error.status), /coder\.internal|abc/);
  assert.equal("cause" in errors.unauthorized(), false);
});

Deno.test("a body that was not read ends its connection", () => {
  assert.equal(errors.requestEntityTooLarge(1).closeConnection, true);
  assert.equal(errors.badRequest("x").closeConnection, false);
});
