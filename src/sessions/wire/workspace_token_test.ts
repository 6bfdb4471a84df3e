import assert from "node:assert/strict";
import { createThrowawayAuthority } from "../../identity/throwaway_authority.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { createGrpcDoor } from "./client.ts";
import { type GrpcRig, grpcRig, testKeys } from "./grpc_testing.ts";
import { mintWorkerToken } from "./worker_tokens.ts";
import { WireError } from "./wire_error.ts";
import { workspaceToken, type WorkspaceTokenOptions } from "./workspace_token.ts";

const WORKSPACE = "11111111-2222-4333-8444-555555555555";
const OWNER = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const SESSION = "abcdefghij-0123456789abcdefghijkl";
const HOUR = 3_600_000;

/** A coordinator that gives tokens unless it is told otherwise, and a worker that asks for them. */
async function startRig() {
  const asked: { workspaceId: string; coderSessionToken: string; peer: string }[] = [];
  const trouble: { error?: Error } = {};
  const grpc = await grpcRig({
    entry: {
      async enter(request, peer) {
        asked.push({ ...request, peer });
        if (trouble.error !== undefined) throw trouble.error;
        const binding = { workspaceId: request.workspaceId, ownerId: OWNER };
        const token = await mintWorkerToken(testKeys, { binding, ttlMs: 2 * HOUR, now: Date.now() });
        return { token, expiresInMs: 2 * HOUR };
      },
    },
  });
  const secrets: string[] = [];
  const clock = new FakeClock();
  const asker = (differing: Partial<WorkspaceTokenOptions> = {}) =>
    workspaceToken({
      url: grpc.url,
      workspaceId: WORKSPACE,
      sessionToken: () => ` ${SESSION}\n`,
      keepSecret: (secret) => void secrets.push(secret),
      log: silentLogger,
      clock,
      random: () => 0.5,
      ...differing,
    });
  const rig = { grpc, asked, trouble, secrets, clock, asker };
  return Object.assign(rig, { [Symbol.asyncDispose]: () => grpc[Symbol.asyncDispose]() });
}

Deno.test("a token is asked for once, used for half its time, and then another one is", async () => {
  await using rig = await startRig();
  const token = rig.asker();
  const [first, same] = await Promise.all([token(), token()]);
  assert.equal(first, same);
  assert.deepEqual(rig.asked, [{ workspaceId: WORKSPACE, coderSessionToken: SESSION, peer: "127.0.0.1" }]);
  assert.deepEqual(rig.secrets, [SESSION, first]);
  await rig.clock.advance(HOUR - 1);
  assert.equal(await token(), first);
  assert.equal(rig.asked.length, 1);
  await rig.clock.advance(1);
  await token();
  assert.equal(rig.asked.length, 2);
});

Deno.test("with its token the worker is in, as the worker of that workspace", async () => {
  await using rig = await startRig();
  rig.grpc.worker({ hello: { isolation: "workspace" } }, { token: rig.asker() });
  const connection = await rig.grpc.witness.worker();
  assert.equal(connection.id, `ws-${WORKSPACE}`);
  assert.deepEqual(connection.binding, { workspaceId: WORKSPACE, ownerId: OWNER });
});

Deno.test("while it cannot be renewed the token counts on, until it ends", async () => {
  await using rig = await startRig();
  const token = rig.asker();
  const first = await token();
  rig.trouble.error = new WireError("not_now", "Coder is away");
  await rig.clock.advance(HOUR);
  assert.equal(await token(), first);
  assert.equal(rig.asked.length, 2);
  assert.equal(await token(), first);
  assert.equal(rig.asked.length, 2, "it is not asked for each time");
  await rig.clock.advance(30_000);
  assert.equal(await token(), first);
  assert.equal(rig.asked.length, 3);
  await rig.clock.advance(HOUR - 60_001);
  assert.equal(await token(), first);
  await rig.clock.advance(1);
  await assert.rejects(token(), { code: "not_now", message: /Coder is away/ });
  delete rig.trouble.error;
  await token();
});

Deno.test("refused is refused: the worker of a workspace that was stopped has no token any more", async () => {
  await using rig = await startRig();
  const token = rig.asker();
  await token();
  for (const code of ["permission_denied", "unauthenticated", "invalid"] as const) {
    rig.trouble.error = new WireError(code, "no");
    await rig.clock.advance(2 * HOUR);
    await assert.rejects(token(), (error: unknown) => {
      assert.ok(error instanceof WireError && error.code === code, String(error));
      assert.ok(!error.message.includes(SESSION));
      return true;
    });
  }
});

Deno.test("a coordinator that cannot be asked is told of in words", async () => {
  await using rig = await startRig();
  await assert.rejects(rig.asker({ url: "http://127.0.0.1:1" })(), {
    code: "unavailable",
    message: /is it running/,
  });
  assert.throws(() => rig.asker({ url: "http://coordinator.example.com" }), { code: "invalid" });
  await using without = await grpcRig();
  await assert.rejects(rig.asker({ url: without.url })(), {
    code: "permission_denied",
    message: /--coder-url/,
  });
  rig.trouble.error = new Error("a secret of the inside");
  await assert.rejects(rig.asker()(), (error: unknown) => {
    assert.ok(error instanceof WireError && error.code === "unavailable");
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
  rig.trouble.error = new WireError("not_now", "x");
  await assert.rejects(rig.asker({ sessionToken: () => Promise.reject(new Error("no file")) })(), /no file/);
});

Deno.test("a coordinator that says nothing is not waited for", async () => {
  await using hanging = await hangingRig();
  const clock = new FakeClock();
  const token = workspaceToken({
    url: hanging.rig.url,
    workspaceId: WORKSPACE,
    sessionToken: () => SESSION,
    keepSecret() {},
    log: silentLogger,
    clock,
  });
  const refused = assert.rejects(token(), { code: "unavailable", message: /within 6000 ms/ });
  await hanging.asked;
  await clock.advance(6_000);
  await refused;
});

async function hangingRig() {
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<never>();
  const rig: GrpcRig = await grpcRig({
    entry: {
      enter: () => {
        asked.resolve();
        return gate.promise;
      },
    },
  });
  return {
    rig,
    asked: asked.promise,
    async [Symbol.asyncDispose]() {
      gate.reject(new WireError("not_now", "over"));
      await rig[Symbol.asyncDispose]();
    },
  };
}

Deno.test("what is too large is not looked at", async () => {
  await using rig = await startRig();
  rig.trouble.error = new WireError("invalid", "no");
  await assert.rejects(rig.asker({ sessionToken: () => "x".repeat(2_000) })(), { code: "invalid" });
  assert.deepEqual([rig.asked[0]?.workspaceId, rig.asked[0]?.coderSessionToken], ["", ""]);
  // The port is the same that all workers dial.
  const door = createGrpcDoor({ url: rig.grpc.url, token: () => "not a token" });
  await assert.rejects(door.heartbeat("r", {} as never, false, new AbortController().signal));
  door.close();
});

Deno.test("over TLS the coordinator's certificate is verified before the session token goes there", async () => {
  const [authority, other] = await Promise.all(["one", "other"].map(createThrowawayAuthority));
  const { certPem, keyPem } = await authority!.issue("coordinator", "server");
  let asked = 0;
  await using rig = await grpcRig({
    tls: { current: { certPem, keyPem }, subscribe: () => () => {} },
    entry: {
      enter() {
        asked++;
        return Promise.resolve({ token: "t", expiresInMs: HOUR });
      },
    },
  });
  const asker = (caPem: string) =>
    workspaceToken({
      url: rig.url,
      tls: () => ({ caPem, serverName: "coordinator" }),
      workspaceId: WORKSPACE,
      sessionToken: () => SESSION,
      keepSecret() {},
      log: silentLogger,
    });
  await assert.rejects(asker(other!.certPem)(), { code: "unavailable" });
  assert.equal(asked, 0);
  assert.equal(await asker(authority!.certPem)(), "t");
  assert.equal(asked, 1);
});
