import assert from "node:assert/strict";
import { isBroken, TransportFailure } from "./transport_failure.ts";

const request = { timeoutMs: 1_500.4 };
const coded = (code: string, message = "no") => Object.assign(new Error(message), { code });

function reasonOf(error: unknown): string {
  return TransportFailure.of(error, undefined, false, request).reason;
}

Deno.test("causes are told apart by code, else by words", () => {
  assert.equal(reasonOf(coded("ECONNREFUSED")), "connectionRefused");
  assert.equal(reasonOf(coded("ENOTFOUND")), "hostUnknown");
  assert.equal(reasonOf(coded("EAI_AGAIN")), "hostUnknown");
  assert.equal(reasonOf(new Error("failed to lookup address information")), "hostUnknown");
  assert.equal(reasonOf(coded("DEPTH_ZERO_SELF_SIGNED_CERT")), "tls");
  assert.equal(reasonOf(coded("ERR_TLS_CERT_ALTNAME_INVALID")), "tls");
  assert.equal(reasonOf(new Error("invalid peer certificate: UnknownIssuer")), "tls");
  assert.equal(reasonOf(coded("ECONNRESET")), "connectionBroken");
  assert.equal(reasonOf("odd"), "connectionBroken");
  assert.equal(reasonOf(undefined), "connectionBroken");
});

Deno.test("a request that had no connection was not sent", () => {
  assert.equal(TransportFailure.of(coded("ECONNREFUSED"), undefined, false, request).maybeSent, false);
  assert.equal(TransportFailure.of(coded("ECONNRESET"), undefined, false, request).maybeSent, false);
  assert.equal(TransportFailure.of(coded("ECONNRESET"), undefined, true, request).maybeSent, true);
});

Deno.test("the deadline and the caller go before whatever the connection said", () => {
  const late = TransportFailure.of(coded("ECONNRESET"), "timeout", true, request);
  assert.equal(late.reason, "timeout");
  assert.match(late.message, /within 1500 ms/);
  const signal = AbortSignal.abort(new Error("enough"));
  const ended = TransportFailure.of(coded("ECONNRESET"), "aborted", true, { ...request, signal });
  assert.equal(ended.reason, "aborted");
  assert.equal((ended.cause as Error).message, "enough");
});

Deno.test("one that is one already stays as it is", () => {
  const failure = new TransportFailure("tooLarge", "too large", true);
  assert.equal(TransportFailure.of(failure, undefined, false, request), failure);
});

Deno.test("only broken connections are worth a second read", () => {
  assert.equal(isBroken(coded("ECONNRESET")), true);
  assert.equal(isBroken(coded("EPIPE")), true);
  assert.equal(isBroken(new TransportFailure("connectionBroken", "x", true)), true);
  assert.equal(isBroken(new TransportFailure("timeout", "x", true)), false);
  assert.equal(isBroken(coded("ECONNREFUSED")), false);
  assert.equal(isBroken(null), false);
});
