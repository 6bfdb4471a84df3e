import assert from "node:assert/strict";
import { type MaybeTlsSocket, peerCertificates } from "./peer.ts";
import { type SelfTestOptions, testClientCertificates } from "./self_test.ts";

/** Names of the checks that do not pass. */
async function failures(options: SelfTestOptions): Promise<string[]> {
  const { passed, checks } = await testClientCertificates(options);
  const failed = checks.filter((check) => !check.passed);
  assert.equal(passed, failed.length === 0);
  for (const { detail } of failed) assert.notEqual(detail, "");
  return failed.map(({ name }) => name);
}

Deno.test("this runtime verifies client certificates", async () => {
  const { passed, checks, runtime } = await testClientCertificates();
  assert.deepEqual(checks.filter((check) => !check.passed), []);
  assert.equal(checks.length, 7);
  assert.equal(passed, true);
  assert.match(runtime, /^Deno \d+\./);
});

Deno.test("a runtime that authorizes everybody is found out", async () => {
  const readPeer = (socket: MaybeTlsSocket) => {
    const peer = peerCertificates(socket);
    return peer && { ...peer, authorized: true };
  };
  assert.deepEqual(await failures({ readPeer }), [
    "a certificate of the same name from another authority is not authorized",
  ]);
});

Deno.test("a runtime that does not hand out certificates is found out, as older Denos are", async () => {
  const readPeer = (socket: MaybeTlsSocket) =>
    peerCertificates({
      authorized: true,
      ...(socket.getPeerCertificate ? { getPeerCertificate: () => ({}) } : {}),
    });
  assert.deepEqual(await failures({ readPeer }), [
    "a certificate of the authority is authorized",
    "the server sees the very certificate",
  ]);
});

Deno.test("a runtime that shows another certificate than the client's is found out", async () => {
  const readPeer = (socket: MaybeTlsSocket) => {
    const peer = peerCertificates(socket);
    return peer && { ...peer, leaf: peer.leaf.slice(1) };
  };
  assert.deepEqual(await failures({ readPeer }), ["the server sees the very certificate"]);
});

Deno.test("a runtime that makes up certificates is found out", async () => {
  const readPeer = () => ({ leaf: new Uint8Array(1), chain: [], authorized: false });
  assert.deepEqual(await failures({ readPeer }), [
    "a caller without a certificate has none",
    "a certificate of the authority is authorized",
    "the server sees the very certificate",
  ]);
});

Deno.test("a test that cannot run, or does not end in time, has not passed", async () => {
  const readPeer = () => {
    throw new Error("no such function");
  };
  const throwing = await testClientCertificates({ readPeer });
  assert.deepEqual(throwing.checks, [
    { name: "the test itself runs to its end", passed: false, detail: "no such function" },
  ]);
  const ended = await testClientCertificates({ signal: AbortSignal.abort(new Error("shutting down")) });
  assert.deepEqual(ended.checks, [
    { name: "the test itself runs to its end", passed: false, detail: "shutting down" },
  ]);
  const abort = new AbortController();
  const halfway = (socket: MaybeTlsSocket) => {
    queueMicrotask(() => abort.abort(new Error("enough")));
    return peerCertificates(socket);
  };
  const cut = await testClientCertificates({ readPeer: halfway, signal: abort.signal });
  assert.deepEqual([cut.passed, cut.checks.at(-1)?.detail], [false, "enough"]);
});
