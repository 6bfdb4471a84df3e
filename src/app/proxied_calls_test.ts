import assert from "node:assert/strict";
import {
  type SocketRequest,
  type SocketTarget,
  type TransportAnswer,
  TransportFailure,
  type TransportRequest,
} from "../coder/mod.ts";
import { KubeConnectionError } from "../kube/errors.ts";
import { proxiedCall, proxiedSocket } from "./proxied_calls.ts";

const request: TransportRequest = { method: "GET", path: "/p", headers: {}, timeoutMs: 1_000 };
const call = { method: "GET", path: "/p" };

const answering = (answer: TransportAnswer) => ({ send: () => Promise.resolve(answer) });
const failing = (error: unknown) => ({ send: () => Promise.reject(error) });
const status = (code: number, message: string) =>
  JSON.stringify({ kind: "Status", apiVersion: "v1", code, message });

Deno.test("what Coder answers is passed on untouched, whatever it is", async () => {
  const body = status(403, "Forbidden");
  for (const code of [200, 302, 401, 403, 404, 503]) {
    const answer = { status: code, headers: { "x-coder-build-version": "v2.30.0" }, body };
    assert.equal(await proxiedCall(answering(answer), request), answer);
  }
});

Deno.test("refusals of the API server say what to do about them", async () => {
  const cases: readonly [number, RegExp][] = [
    [401, /operator's own credentials: this says nothing about Coder's token/],
    [403, /apply deploy\/components\/coder-access-kube-proxy\/rbac\.yaml, or choose --coder-access=direct/],
    [404, /knows no such Service/],
    [503, /no ready pod/],
  ];
  for (const [code, advice] of cases) {
    const answer = { status: code, headers: {}, body: status(code, "its words") };
    const told = await proxiedCall(answering(answer), request);
    const { message, kind } = JSON.parse(told.body) as { message: string; kind: string };
    assert.deepEqual([told.status, kind], [code, "Status"]);
    assert.match(message, /^its words \(/);
    assert.match(message, advice);
  }
});

Deno.test("answers of others are passed on untouched", async () => {
  const bodies = [
    "",
    "<html>",
    "null",
    "[]",
    '{"message":"x"}',
    '{"kind":"Status"}',
    '{"kind":"Status","message":7}',
  ];
  for (const body of bodies) {
    const answer = { status: 403, headers: {}, body };
    assert.equal(await proxiedCall(answering(answer), request), answer, body);
  }
  const odd = { status: 500, headers: {}, body: status(500, "no advice for this one") };
  assert.equal(await proxiedCall(answering(odd), request), odd);
});

Deno.test("failures on the way to the API server are sorted by their cause", async () => {
  const cause = (code: string) => Object.assign(new Error(`connect ${code}`), { code });
  const cases: readonly [KubeConnectionError, string, boolean][] = [
    [new KubeConnectionError("m", call, { cause: cause("ECONNREFUSED") }), "connectionRefused", false],
    [new KubeConnectionError("m", call, { cause: cause("ENOTFOUND") }), "hostUnknown", false],
    [new KubeConnectionError("m", call, { cause: cause("CERT_HAS_EXPIRED") }), "tls", false],
    [new KubeConnectionError("m", call, { cause: cause("ECONNRESET") }), "connectionBroken", true],
    [new KubeConnectionError("m", call, { cause: new Error("x"), timedOut: true }), "timeout", true],
  ];
  for (const [error, reason, maybeSent] of cases) {
    await assert.rejects(proxiedCall(failing(error), request), (failure) => {
      assert.ok(failure instanceof TransportFailure, reason);
      assert.deepEqual([failure.reason, failure.maybeSent, failure.message], [reason, maybeSent, "m"]);
      return true;
    });
  }
});

Deno.test("what is no failure of a connection, or was ended by the caller, is thrown as it is", async () => {
  const bare = new KubeConnectionError("m", call);
  const other = new TypeError("broken");
  for (const error of [bare, other]) {
    await assert.rejects(proxiedCall(failing(error), request), (thrown) => thrown === error);
  }
  const ended = new KubeConnectionError("m", call, { cause: new Error("x"), timedOut: true });
  const signal = AbortSignal.abort();
  await assert.rejects(proxiedCall(failing(ended), { ...request, signal }), (thrown) => thrown === ended);
});

Deno.test("a WebSocket is opened where the sender says, and refusals of the API server say what to do", async () => {
  const target = { url: new URL("https://kube:6443/p"), headers: { authorization: "Bearer k" } };
  const sender = { socket: () => Promise.resolve(target) };
  const seen: SocketTarget[] = [];
  const answering = (answer: TransportAnswer) => ({
    open(one: SocketTarget) {
      seen.push(one);
      return Promise.resolve({ refused: answer });
    },
    close() {},
  });
  const asked: SocketRequest = { path: "/p", headers: {}, timeoutMs: 1_000 };
  const status403 = { status: 403, headers: {}, body: status(403, "its words") };
  const { refused } = await proxiedSocket(sender, answering(status403), asked);
  assert.match(refused?.body ?? "", /its words \(.*service proxy/);
  assert.deepEqual(seen, [target]);
  const coders = { status: 404, headers: { "x-coder-build-version": "v2.30.0" }, body: "<html>" };
  assert.equal((await proxiedSocket(sender, answering(coders), asked)).refused, coders);
  const broken = new KubeConnectionError("m", call, {
    cause: Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }),
  });
  await assert.rejects(
    proxiedSocket({ socket: () => Promise.reject(broken) }, answering(coders), asked),
    (error: unknown) => error instanceof TransportFailure && error.reason === "connectionRefused",
  );
});
