import assert from "node:assert/strict";
import { CoderApiError, type CoderErrorKind, type CoderErrorReason } from "../../coder/mod.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { testKeys } from "./grpc_testing.ts";
import { WireError } from "./wire_error.ts";
import { createWorkspaceEntry, type EntryCoder } from "./workspace_entry.ts";
import { verifyWorkerToken } from "./worker_tokens.ts";

const WORKSPACE = "11111111-2222-4333-8444-555555555555";
const ANN = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const BOB = "bbbbbbbb-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const TOKEN = "abcdefghij-0123456789abcdefghijkl";
const NOW = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;

function coderError(kind: CoderErrorKind, reason?: CoderErrorReason): CoderApiError {
  return new CoderApiError("GET: no", { kind, reason, status: 400, call: { method: "GET", route: "/" } });
}

interface World {
  owner?: string;
  transition?: string;
  status?: string;
  meFails?: Error;
  workspaceFails?: Error;
}

/** A Coder in which the token is Ann's. */
function rig(world: World = {}) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const results: string[] = [];
  const coder = (token: string): EntryCoder => ({
    users: {
      me: () => {
        asked.push(`me ${token}`);
        return world.meFails === undefined
          ? Promise.resolve({ id: ANN, username: "ann" } as never)
          : Promise.reject(world.meFails);
      },
    },
    workspaces: {
      get: (id) => {
        asked.push(`workspace ${id}`);
        return world.workspaceFails === undefined
          ? Promise.resolve({
            id,
            name: "dev",
            owner_name: "ann",
            owner_id: world.owner ?? ANN,
            latest_build: { transition: world.transition ?? "start", status: world.status ?? "running" },
          } as never)
          : Promise.reject(world.workspaceFails);
      },
    },
  });
  const entry = createWorkspaceEntry({
    coder,
    keys: () => testKeys,
    log: silentLogger,
    clock,
    now: () => NOW,
    metrics: {
      counter: () => ({ inc: ({ result }: Record<string, string>) => void results.push(result ?? "") }),
      histogram: () => ({ observe() {} }),
      gauge: () => ({ set() {}, inc() {}, dec() {}, remove() {} }),
    },
  });
  const enter = (request: { workspaceId?: string; coderSessionToken?: string } = {}, peer = "10.0.0.1") =>
    entry.enter({ workspaceId: WORKSPACE, coderSessionToken: TOKEN, ...request }, peer);
  const refusal = (...given: Parameters<typeof enter>) =>
    enter(...given).then(() => assert.fail("it got a token"), (error: unknown) => {
      assert.ok(error instanceof WireError, String(error));
      assert.ok(!error.message.includes(TOKEN) && !error.message.includes(TOKEN.slice(11)), "no secret");
      return `${error.code}: ${error.message}`;
    });
  return { clock, asked, results, enter, refusal };
}

Deno.test("the owner of a workspace that runs gets a token for that workspace alone", async () => {
  const { enter, asked, results } = rig();
  const { token, expiresInMs } = await enter({ coderSessionToken: ` ${TOKEN}\n` });
  assert.equal(expiresInMs, 2 * HOUR);
  assert.deepEqual(await verifyWorkerToken(testKeys, token, "", NOW), {
    workerId: `ws-${WORKSPACE}`,
    binding: { workspaceId: WORKSPACE, ownerId: ANN },
    expiresAt: NOW + 2 * HOUR + 30_000,
  });
  assert.deepEqual(asked, [`me ${TOKEN}`, `workspace ${WORKSPACE}`]);
  assert.deepEqual(results, ["ok"]);
});

Deno.test("another's workspace, and one that is not there, are the same", async () => {
  const another = await rig({ owner: BOB }).refusal();
  assert.match(another, /^permission_denied: Coder user ann has no workspace 11111111/);
  assert.equal(await rig({ workspaceFails: coderError("notFound") }).refusal(), another);
  assert.equal(await rig({ workspaceFails: coderError("forbidden") }).refusal(), another);
});

Deno.test("a workspace that does not run has no worker", async () => {
  for (
    const [transition, status] of [
      ["stop", "stopped"],
      ["stop", "stopping"],
      ["stop", "running"],
      ["start", "failed"],
      ["start", "canceled"],
      ["delete", "deleting"],
    ] as const
  ) {
    const { refusal, results } = rig({ transition, status });
    assert.match(await refusal(), new RegExp(`^permission_denied: .*ann/dev does not run: .*${status}$`));
    assert.deepEqual(results, ["permission_denied"]);
  }
  for (const status of ["pending", "starting"]) {
    assert.match(await rig({ transition: "start", status }).refusal(), /^not_now: .*ann\/dev is not up yet/);
  }
});

Deno.test("tokens that Coder refuses are told apart from a Coder that is away", async () => {
  assert.match(
    await rig({ meFails: coderError("unauthorized", "tokenExpired") }).refusal(),
    /^unauthenticated: Coder refuses the session token/,
  );
  assert.match(await rig({ meFails: coderError("notFound") }).refusal(), /^permission_denied: .*scopes/);
  for (const kind of ["unavailable", "rateLimited", "badResponse", "unsupported"] as const) {
    assert.match(await rig({ meFails: coderError(kind) }).refusal(), /^not_now: .*cannot ask its Coder/);
    assert.match(await rig({ workspaceFails: coderError(kind) }).refusal(), /^not_now/);
  }
  assert.match(await rig({ meFails: coderError("unavailable", "databaseAway") }).refusal(), /databaseAway/);
  assert.match(await rig({ meFails: new Error("x") }).refusal(), /^not_now/);
});

Deno.test("what cannot be an id or a token is not asked about", async () => {
  const { refusal, asked } = rig();
  for (const workspaceId of ["", "dev", "../x", WORKSPACE.toUpperCase() + "0", `${WORKSPACE}\n`]) {
    assert.match(await refusal({ workspaceId }), /^invalid: /);
  }
  for (const coderSessionToken of ["", "x", "a".repeat(1_000), "eyJhbGciOi.eyJzdWIi.x"]) {
    assert.match(await refusal({ coderSessionToken }), /^unauthenticated: there is no Coder session token/);
  }
  assert.deepEqual(asked, []);
});

Deno.test("who is refused again and again waits, and others do not", async () => {
  const world: World = { meFails: coderError("unauthorized", "tokenRefused") };
  const { refusal, enter, asked, clock } = rig(world);
  for (let i = 0; i < 120; i++) assert.match(await refusal(), /^unauthenticated/);
  assert.match(await refusal(), /^not_now: too many workers from this address/);
  assert.equal(asked.length, 120);
  delete world.meFails;
  assert.match(await refusal(), /^not_now/);
  await enter({}, "10.0.0.2");
  await clock.advance(60_000);
  await enter();
});

Deno.test("questions to Coder are few at a time", async () => {
  const gate = Promise.withResolvers<never>();
  const entry = createWorkspaceEntry({
    coder: () => ({ users: { me: () => gate.promise }, workspaces: { get: () => gate.promise } }),
    keys: () => testKeys,
    log: silentLogger,
    clock: new FakeClock(),
  });
  const request = { workspaceId: WORKSPACE, coderSessionToken: TOKEN };
  const waiting = Array.from({ length: 64 }, (_, i) => entry.enter(request, `peer-${i}`));
  await assert.rejects(entry.enter(request, "one more"), { code: "not_now", message: /just now/ });
  gate.reject(coderError("unavailable"));
  const ends = await Promise.allSettled(waiting);
  assert.ok(ends.every(({ status }) => status === "rejected"));
  await assert.rejects(entry.enter(request, "one more"), { code: "not_now", message: /cannot ask/ });
});
