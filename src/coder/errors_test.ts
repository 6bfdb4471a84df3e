import assert from "node:assert/strict";
import {
  CoderApiError,
  CoderConnectionError,
  type CoderError,
  type CoderErrorKind,
  CoderNotSentError,
  CoderResponseError,
  isAborted,
  isBadResponse,
  isConflict,
  isDatabaseAway,
  isForbidden,
  isInvalid,
  isNotEntitled,
  isNotFound,
  isRateLimited,
  isTokenRefused,
  isTransient,
  isUnauthorized,
  isUnavailable,
  isUnsupported,
  mayHaveHappened,
} from "./errors.ts";

const call = { method: "POST", route: "/api/v2/licenses" };
const api = (kind: CoderErrorKind, more: Partial<ConstructorParameters<typeof CoderApiError>[1]> = {}) =>
  new CoderApiError("words", { kind, call, status: 400, ...more });

const PREDICATES: [CoderErrorKind, (error: unknown) => boolean][] = [
  ["unauthorized", isUnauthorized],
  ["forbidden", isForbidden],
  ["notFound", isNotFound],
  ["unsupported", isUnsupported],
  ["conflict", isConflict],
  ["invalid", isInvalid],
  ["rateLimited", isRateLimited],
  ["unavailable", isUnavailable],
  ["badResponse", isBadResponse],
  ["aborted", isAborted],
];

Deno.test("every kind has a predicate that is true for it alone", () => {
  for (const [kind] of PREDICATES) {
    const matching = PREDICATES.filter(([, is]) => is(api(kind))).map(([name]) => name);
    assert.deepEqual(matching, [kind]);
  }
});

Deno.test("predicates say no to everything that is not a CoderError", () => {
  const others = [undefined, null, "unauthorized", new Error("no"), { kind: "unauthorized" }];
  for (const other of others) {
    for (const [, is] of PREDICATES) assert.equal(is(other), false);
    for (const is of [isDatabaseAway, isNotEntitled, isTokenRefused, isTransient, mayHaveHappened]) {
      assert.equal(is(other), false);
    }
  }
});

Deno.test("errors carry the call, the time to wait and Coder's own words", () => {
  const error = api("invalid", {
    retryAfterMs: 5,
    coderMessage: "Invalid license",
    detail: "malformed",
    validations: [{ field: "license", detail: "required" }],
  });
  assert.deepEqual(error.call, call);
  assert.equal(error.retryAfterMs, 5);
  assert.equal(error.coderMessage, "Invalid license");
  assert.equal(error.detail, "malformed");
  assert.deepEqual(error.validations, [{ field: "license", detail: "required" }]);
  assert.equal(error.name, "CoderApiError");
});

Deno.test("what Coder did not say is empty, not undefined", () => {
  const error = api("invalid");
  assert.equal(error.coderMessage, "");
  assert.equal(error.detail, "");
  assert.deepEqual(error.validations, []);
  assert.deepEqual(new CoderResponseError("x", { call, status: 200 }).problems, []);
});

Deno.test("only words about this very token justify replacing it", () => {
  for (const reason of ["tokenRefused", "tokenExpired", "tokenMalformed"] as const) {
    assert.equal(isTokenRefused(api("unauthorized", { reason })), true, reason);
  }
  for (const reason of [undefined, "userInactive", "wrongPassword", "tokenMissing"] as const) {
    assert.equal(isTokenRefused(api("unauthorized", { reason })), false, String(reason));
  }
  assert.equal(isTokenRefused(api("unavailable", { reason: "databaseAway" })), false);
});

Deno.test("a database that is away is never a refused token", () => {
  const error = api("unavailable", { reason: "databaseAway", status: 401 });
  assert.equal(isDatabaseAway(error), true);
  assert.equal(isUnauthorized(error), false);
  assert.equal(isTransient(error), true);
});

Deno.test("a missing entitlement is a forbidden one with a reason", () => {
  const error = api("forbidden", { reason: "notEntitled" });
  assert.equal(isForbidden(error) && isNotEntitled(error), true);
  assert.equal(isNotEntitled(api("forbidden")), false);
});

Deno.test("waiting helps against trouble and rate limits, not against refusals", () => {
  const transient = PREDICATES.map(([kind]) => kind).filter((kind) => isTransient(api(kind)));
  assert.deepEqual(transient, ["rateLimited", "unavailable"]);
});

Deno.test("it is known which failures may have had their effect", () => {
  const connection = (maybeSent: boolean): CoderError =>
    new CoderConnectionError("x", { kind: "unavailable", call, maybeSent });
  assert.equal(mayHaveHappened(connection(true)), true);
  assert.equal(mayHaveHappened(connection(false)), false);
  assert.equal(mayHaveHappened(api("unavailable")), true);
  assert.equal(mayHaveHappened(api("conflict")), false);
  assert.equal(mayHaveHappened(new CoderResponseError("x", { call, status: 201, reason: "schema" })), true);
  assert.equal(
    mayHaveHappened(new CoderResponseError("x", { call, status: 307, reason: "redirect" })),
    false,
  );
  assert.equal(mayHaveHappened(new CoderNotSentError("x", { kind: "rateLimited", call })), false);
});
