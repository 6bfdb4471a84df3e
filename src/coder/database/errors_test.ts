import assert from "node:assert/strict";
import { classify, failure, invalidAddress, type Phase } from "./errors.ts";
import { DatabaseError, type DatabaseErrorKind } from "./mod.ts";
import { readTarget } from "./target.ts";

const TARGET = readTarget({ url: "postgres://me:pass-word@db.example:6432/coder" });

/** As the driver throws what the server said. */
function said(code: string, message = "no"): Error {
  return Object.assign(new Error(message), { code, severity: "ERROR" });
}

/** As the runtime throws. */
function thrown(code: string, message = code): Error {
  return Object.assign(new Error(message), { code });
}

function kindOf(error: unknown, phase: Phase = "working"): DatabaseErrorKind {
  return classify(error, TARGET, phase).kind;
}

Deno.test("what the server says is sorted by its SQLSTATE", () => {
  const kinds: Record<string, DatabaseErrorKind> = {
    "28P01": "refused",
    "28000": "refused",
    "3D000": "refused",
    "42501": "forbidden",
    "42P01": "schema",
    "42703": "schema",
    "22P02": "schema",
    "23502": "schema",
    "23505": "conflict",
    "40001": "conflict",
    "40P01": "conflict",
    "55P03": "conflict",
    "57014": "timeout",
    "25P03": "timeout",
    "57P01": "unreachable",
    "57P03": "unreachable",
    "53300": "unreachable",
    "08006": "unreachable",
    "25006": "failed",
    "XX000": "failed",
  };
  for (const [code, kind] of Object.entries(kinds)) assert.equal(kindOf(said(code)), kind, code);
});

Deno.test("a setting that the server does not know is the address's fault while connecting", () => {
  assert.equal(kindOf(said("42704"), "connecting"), "invalidAddress");
  assert.equal(kindOf(said("42704"), "working"), "schema");
  assert.equal(kindOf(said("42501"), "connecting"), "forbidden");
});

Deno.test("failures of the network are sorted by their codes; one that looks like an SQLSTATE is none", () => {
  const codes = [
    "ECONNREFUSED",
    "ECONNRESET",
    "ENOTFOUND",
    "EAI_AGAIN",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ETIMEDOUT",
  ];
  for (const code of [...codes, "EPIPE"]) {
    assert.equal(kindOf(thrown(code), "connecting"), "unreachable", code);
  }
  assert.equal(kindOf(new Error("Connection terminated unexpectedly")), "unreachable");
  assert.equal(kindOf(new AggregateError([thrown("ECONNREFUSED"), thrown("XX")])), "unreachable");
});

Deno.test("failures of TLS are sorted by their codes, and by their words while connecting", () => {
  const codes = [
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "CERT_HAS_EXPIRED",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
  ];
  for (const code of codes) assert.equal(kindOf(thrown(code), "connecting"), "tls", code);
  assert.equal(kindOf(new Error("received fatal alert: BadCertificate"), "connecting"), "tls");
  assert.equal(kindOf(new Error("The server does not support SSL connections"), "connecting"), "tls");
  assert.equal(kindOf(new Error("no certificate of merit"), "working"), "failed");
});

Deno.test("signing in that fails without an SQLSTATE is refused too", () => {
  const missing = classify(
    new Error("SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a non-empty string"),
    TARGET,
    "connecting",
  );
  assert.deepEqual([missing.kind, /it wants a password; the URL has none/.test(missing.message)], [
    "refused",
    true,
  ]);
  assert.equal(kindOf(new Error("SASL: Only mechanism(s) X are supported"), "connecting"), "refused");
  assert.equal(kindOf(new Error("Unknown authenticationOk message type"), "connecting"), "refused");
});

Deno.test("messages name server, database and user, and what to do; an error that is ready stays as it is", () => {
  assert.equal(
    classify(said("42501", "permission denied for table users"), TARGET, "working").message,
    "PostgreSQL at db.example:6432 (database coder, user me): permission denied for table users (SQLSTATE 42501); " +
      "grant the operator's database user what docs/operator-access.md lists",
  );
  const ready = invalidAddress("it is odd");
  assert.equal(classify(ready, TARGET, "connecting"), ready);
  assert.equal(ready.message, "the database URL cannot be used: it is odd");
  assert.match(failure({ ...TARGET, host: "::1" }, "failed", "x").message, /at \[::1\]:6432/);
});

Deno.test("a refused connection to the operator's own pod is told as one", () => {
  for (const host of ["localhost", "127.0.0.1", "::1"]) {
    const { message } = classify(thrown("ECONNREFUSED"), { ...TARGET, host }, "connecting");
    assert.match(message, /the operator's own pod, not Coder's.*databaseURLSecretRef/);
  }
  assert.doesNotMatch(classify(thrown("ECONNREFUSED"), TARGET, "connecting").message, /own pod/);
});

Deno.test("texts of others are one line, short, and without the password", () => {
  const { message } = classify(
    said("XX000", `a\r\nb\u009b pass-word ${"x".repeat(1000)}`),
    TARGET,
    "working",
  );
  assert.match(message, /: a b {2}\*\*\* x+ \(SQLSTATE XX000\)$/);
  assert.ok(message.length < 450);
  assert.equal(classify("thrown text", TARGET, "working").message.endsWith(": thrown text"), true);
  assert.ok(classify(null, TARGET, "working") instanceof DatabaseError);
});
