import assert from "node:assert/strict";
import { DatabaseError, type DatabaseErrorKind } from "../../coder/database/mod.ts";
import {
  CoderAddressError,
  CoderApiError,
  CoderConnectionError,
  type CoderErrorKind,
  CoderNotSentError,
} from "../../coder/mod.ts";
import { KubeApiError, KubeConnectionError } from "../../kube/errors.ts";
import { retryDelay, type VisitFailure, visitFailure } from "./failure.ts";

const call = { method: "GET", route: "/api/v2/users/me" };
const plain = (text: string) => text;
const coder = (kind: CoderErrorKind, more = {}) =>
  new CoderApiError("words", { kind, call, status: 400, ...more });
const brief = ({ reason, transient }: VisitFailure) => `${reason} ${transient ? "waits" : "stays"}`;

Deno.test("every error of Coder has its reason, and only those that pass by themselves are waited for", () => {
  const rows: [CoderErrorKind, string][] = [
    ["unauthorized", "TokenRefused stays"],
    ["forbidden", "Forbidden stays"],
    ["notFound", "NotFound stays"],
    ["unsupported", "NotSupported stays"],
    ["conflict", "Conflict waits"],
    ["invalid", "Refused stays"],
    ["rateLimited", "RateLimited waits"],
    ["unavailable", "CoderUnavailable waits"],
    ["badResponse", "BadResponse stays"],
    ["aborted", "Aborted waits"],
  ];
  for (const [kind, expected] of rows) assert.equal(brief(visitFailure(coder(kind), plain)), expected);
});

Deno.test("a database that is away is told from a Coder that is away, and from a refused token", () => {
  const away = visitFailure(coder("unavailable", { reason: "databaseAway", status: 401 }), plain);
  assert.equal(brief(away), "CoderDatabaseAway waits");
});

Deno.test("every error of the database has its reason", () => {
  const rows: [DatabaseErrorKind, string][] = [
    ["invalidAddress", "DatabaseURLInvalid stays"],
    ["unreachable", "DatabaseUnreachable waits"],
    ["timeout", "DatabaseTimeout waits"],
    ["tls", "DatabaseTLS stays"],
    ["refused", "DatabaseRefused stays"],
    ["forbidden", "DatabaseForbidden stays"],
    ["schema", "SchemaUnknown waits"],
    ["foreignUser", "ForeignUser stays"],
    ["conflict", "DatabaseConflict waits"],
    ["failed", "DatabaseError waits"],
  ];
  for (const [kind, expected] of rows) {
    assert.equal(brief(visitFailure(new DatabaseError("words", kind), plain)), expected);
  }
});

Deno.test("addresses, Kubernetes and the unforeseen have their reasons too", () => {
  const request = { method: "GET", path: "/" };
  assert.equal(brief(visitFailure(new CoderAddressError("bad"), plain)), "AddressInvalid stays");
  assert.equal(brief(visitFailure(new KubeApiError(500, "", "x", request), plain)), "KubernetesAPI waits");
  const cut = new KubeConnectionError("cut", request, { cause: new Error("reset") });
  assert.equal(brief(visitFailure(cut, plain)), "KubernetesAPI waits");
  assert.equal(brief(visitFailure(new TypeError("oops"), plain)), "Failed waits");
  assert.deepEqual(visitFailure("words alone", plain), {
    reason: "Failed",
    transient: true,
    message: "words alone",
  });
});

Deno.test("messages pass through the redactor", () => {
  const hide = (text: string) => text.replaceAll("hunter2", "[redacted]");
  const errors = [
    new CoderConnectionError("hunter2", { kind: "unavailable", call, maybeSent: false }),
    new DatabaseError("hunter2", "failed"),
    new KubeApiError(500, "", "hunter2", { method: "GET", path: "/" }),
    new CoderAddressError("hunter2"),
    new Error("hunter2"),
    "hunter2",
  ];
  for (const error of errors) {
    assert.ok(!visitFailure(error, hide).message.includes("hunter2"), String(error));
  }
});

Deno.test("the wait that Coder named comes along", () => {
  const held = new CoderNotSentError("held", { kind: "rateLimited", call, retryAfterMs: 61_000 });
  assert.equal(visitFailure(held, plain).retryAfterMs, 61_000);
});

const waits: VisitFailure = { reason: "R", message: "", transient: true };
const stays: VisitFailure = { ...waits, transient: false };

Deno.test("waits double up to the longest, spread by a fifth either way", () => {
  const middle = [1, 2, 3, 7, 8, 1_000].map((failures) => retryDelay(waits, failures, 0.5));
  assert.deepEqual(middle, [5_000, 10_000, 20_000, 300_000, 300_000, 300_000]);
  assert.equal(retryDelay(waits, 1, 0), 4_000);
  assert.ok(retryDelay(waits, 1, 0.9999999) < 6_000.1);
  assert.equal(retryDelay(waits, 3, 0.5, { firstMs: 100, longestMs: 250 }), 250);
});

Deno.test("what somebody has to change is tried at the longest interval from the first time on", () => {
  assert.equal(retryDelay(stays, 1, 0.5), 300_000);
  assert.equal(retryDelay(stays, 1, 0.5, { longestMs: 60_000 }), 60_000);
});

Deno.test("no wait is shorter than the other side asked for", () => {
  assert.equal(retryDelay({ ...waits, retryAfterMs: 60_000 }, 1, 0), 60_000);
  assert.equal(retryDelay({ ...waits, retryAfterMs: 1 }, 1, 0.5), 5_000);
});
