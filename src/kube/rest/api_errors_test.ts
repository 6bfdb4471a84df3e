import assert from "node:assert/strict";
import { apiError, isRecord, parseRetryAfter } from "./api_errors.ts";
import { isAlreadyExists, isConflict, isExpired, isForbidden, isNotFound, isTransient } from "../errors.ts";
import { statusBody } from "../testing/local_server.ts";

const call = { method: "GET", path: "/api/v1/namespaces/a/pods/b" };

function errorOf(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return apiError(call, 'pods "a/b"', { status, headers, body: text }, Date.UTC(2026, 0, 1));
}

Deno.test("the message says what was tried, on what, and what the server said", () => {
  const error = errorOf(404, statusBody(404, "NotFound", 'pods "b" not found'));
  assert.equal(error.message, 'GET pods "a/b": NotFound (404): pods "b" not found');
  assert.deepEqual([error.code, error.reason, error.call], [404, "NotFound", call]);
  assert.ok(isNotFound(error));
});

Deno.test("conflicts and existing objects are told apart", () => {
  const conflict = errorOf(409, statusBody(409, "Conflict", "the object has been modified"));
  const exists = errorOf(409, statusBody(409, "AlreadyExists", "exists"));
  assert.deepEqual([isConflict(conflict), isAlreadyExists(conflict)], [true, false]);
  assert.deepEqual([isConflict(exists), isAlreadyExists(exists)], [false, true]);
});

Deno.test("expired, forbidden and transient refusals are recognised", () => {
  assert.ok(isExpired(errorOf(410, statusBody(410, "Expired", "too old resource version"))));
  assert.ok(isForbidden(errorOf(403, statusBody(403, "Forbidden", "no"))));
  assert.ok(isTransient(errorOf(503, "")));
  assert.ok(!isTransient(errorOf(422, "")));
});

Deno.test("a refusal for lack of credentials says where to look", () => {
  assert.match(
    errorOf(401, statusBody(401, "Unauthorized", "Unauthorized")).message,
    /Check the credentials/,
  );
});

Deno.test("a body that is no Status is quoted in part", () => {
  const error = errorOf(502, `<html>\n  <h1>Bad   Gateway</h1>${"x".repeat(1000)}</html>`);
  assert.equal(error.reason, "");
  assert.match(error.message, /^GET pods "a\/b": HTTP 502: <html> <h1>Bad Gateway<\/h1>x+…$/);
  assert.ok(error.message.length < 400);
});

Deno.test("an empty body leaves the status alone", () => {
  assert.equal(errorOf(500, "").message, 'GET pods "a/b": HTTP 500');
});

Deno.test("JSON that is not a Status is not taken for one", () => {
  const error = errorOf(500, { kind: "Pod", reason: "Evil", message: "x" });
  assert.equal(error.reason, "");
  assert.equal(errorOf(500, "[]").reason, "");
  assert.equal(errorOf(500, { kind: "Status", reason: 5, message: null }).reason, "");
});

Deno.test("the wait comes from the header, else from the details", () => {
  const body = statusBody(429, "TooManyRequests", "slow down", { retryAfterSeconds: 7 });
  assert.equal(errorOf(429, body, { "retry-after": "2" }).retryAfterMs, 2_000);
  assert.equal(errorOf(429, body).retryAfterMs, 7_000);
  assert.equal(errorOf(429, "").retryAfterMs, undefined);
  assert.equal(errorOf(429, statusBody(429, "", "", { retryAfterSeconds: "7" })).retryAfterMs, undefined);
});

Deno.test("the details are handed on as they were sent", () => {
  const details = { kind: "pods", causes: [{ reason: "X" }] };
  assert.deepEqual(errorOf(422, statusBody(422, "Invalid", "bad", details)).details, details);
});

Deno.test("Retry-After is read as seconds and as a date", () => {
  const now = Date.UTC(2026, 0, 1, 12);
  assert.equal(parseRetryAfter("3", now), 3_000);
  assert.equal(parseRetryAfter(" 0 ", now), 0);
  assert.equal(parseRetryAfter("Thu, 01 Jan 2026 12:00:05 GMT", now), 5_000);
  assert.equal(parseRetryAfter("Thu, 01 Jan 2026 11:00:00 GMT", now), 0, "a past date means now");
  assert.equal(parseRetryAfter(["4", "9"], now), 4_000);
});

Deno.test("a Retry-After that says nothing is no Retry-After", () => {
  for (const header of [undefined, "", "  ", "soon", "-"]) {
    assert.equal(parseRetryAfter(header, 0), undefined);
  }
});

Deno.test("only JSON objects are records", () => {
  assert.deepEqual([{}, { a: 1 }].map(isRecord), [true, true]);
  assert.deepEqual([null, [], "x", 5, undefined].map(isRecord), [false, false, false, false, false]);
});
