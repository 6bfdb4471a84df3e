import assert from "node:assert/strict";
import { connectionError } from "./connection_errors.ts";
import { KubeConfigError } from "../config/connection.ts";
import { KubeConnectionError } from "../errors.ts";
import { fakeConnection } from "../testing/local_server.ts";

const connection = fakeConnection(new URL("https://kube:6443"));
const request = { method: "GET", path: "/api/v1/pods?limit=5", timeoutMs: 30_000 };

function messageOf(error: unknown, timedOut = false): string {
  return connectionError(error, request, connection, timedOut).message;
}

Deno.test("the path is named without its query, the server by its origin", () => {
  const error = connectionError(new Error("boom"), request, connection, false);
  assert.ok(error instanceof KubeConnectionError);
  assert.deepEqual(error.call, { method: "GET", path: "/api/v1/pods" });
  assert.equal(error.message, "GET /api/v1/pods: no answer from https://kube:6443: boom");
});

Deno.test("common failures come with what to check", () => {
  const advice: [string, string, RegExp][] = [
    ["ECONNREFUSED", "refused", /Is the API server running/],
    ["ENOTFOUND", "getaddrinfo ENOTFOUND kube", /Check the host name of context "test" of a test/],
    ["EAI_AGAIN", "try again", /Check the host name/],
    ["", "invalid peer certificate: UnknownIssuer", /Check certificate-authority/],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "x", /Check certificate-authority/],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed", /Check certificate-authority/],
    ["", 'certificate not valid for name "kube"', /set tls-server-name/],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "names", /set tls-server-name/],
  ];
  for (const [code, message, expected] of advice) {
    assert.match(messageOf(Object.assign(new Error(message), { code })), expected, code || message);
  }
});

Deno.test("a deadline is said as one, even where the socket's own error came with it", () => {
  assert.equal(
    messageOf(new Error("socket hang up"), true),
    "GET /api/v1/pods: https://kube:6443 did not answer within 30000 ms",
  );
});

Deno.test("an abort keeps the caller's reason as the cause", () => {
  const reason = new Error("leader lost");
  const signal = AbortSignal.abort(reason);
  const error = connectionError(new Error("x"), { ...request, signal }, connection, false);
  assert.equal(error.cause, reason);
});

Deno.test("errors that are ours already pass unchanged, and anything can be thrown", () => {
  const ours = [new KubeConnectionError("a", request), new KubeConfigError("b")];
  for (const error of ours) assert.equal(connectionError(error, request, connection, false), error);
  assert.match(messageOf("just text"), /just text/);
  assert.match(messageOf(undefined), /undefined/);
});
