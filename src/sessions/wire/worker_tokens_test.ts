import assert from "node:assert/strict";
import { SignJWT } from "jose";
import { mintWorkerToken, parseWorkerKeys, verifyWorkerToken, WorkerKeyError } from "./worker_tokens.ts";
import { WireError } from "./wire_error.ts";

const NOW = Date.UTC(2026, 0, 1);
const OLD = "o".repeat(32);
const NEW = "n".repeat(48);
const keys = parseWorkerKeys(`${NEW}\n${OLD}\n`);

const mint = (workerId = "w1", from = keys) =>
  mintWorkerToken(from, { workerId, ttlMs: 3_600_000, now: NOW });

function refusal(
  token: string,
  { claimed = "", now = NOW, by = keys as readonly (typeof keys)[number][] } = {},
) {
  return verifyWorkerToken(by, token, claimed, now).then(
    () => assert.fail("it was accepted"),
    (error: unknown) => {
      assert.ok(error instanceof WireError, String(error));
      assert.ok(token === "" || !error.message.includes(token), "tokens are not shown");
      return `${error.code}: ${error.message}`;
    },
  );
}

Deno.test("a token says whose it is, and how long", async () => {
  const token = await mint();
  assert.deepEqual(await verifyWorkerToken(keys, token, "", NOW), {
    workerId: "w1",
    expiresAt: NOW + 3_600_000 + 30_000,
  });
  assert.equal((await verifyWorkerToken(keys, token, "w1", NOW)).workerId, "w1");
});

Deno.test("another worker's token is another's", async () => {
  assert.match(
    await refusal(await mint("w1"), { claimed: "w2" }),
    /^permission_denied: the token is of worker w1, and the caller says that it is "w2"/,
  );
});

Deno.test("tokens that are not good say why", async () => {
  const token = await mint();
  assert.match(await refusal(""), /^unauthenticated: .*there is none/);
  assert.match(await refusal("x"), /cannot be read/);
  assert.match(await refusal("x".repeat(5_000)), /too long/);
  assert.match(await refusal(token, { now: NOW + 3_700_000 }), /has expired/);
  assert.match(await refusal(`${token.slice(0, -4)}AAAA`), /signature is wrong/);
  assert.match(
    await refusal(token, { by: parseWorkerKeys("z".repeat(40)) }),
    /a key that the coordinator does not have/,
  );
});

Deno.test("tokens of others, and for others, are none", async () => {
  const sign = (claims: Record<string, unknown>, audience = "coder-k8s-coordinator", alg = "HS256") => {
    const jwt = new SignJWT(claims).setProtectedHeader({ alg }).setExpirationTime(NOW / 1_000 + 60);
    return jwt.setAudience(audience).sign(keys[0].bytes);
  };
  assert.match(await refusal(await sign({ sub: "w1" }, "somebody else")), /not for coder-k8s-coordinator/);
  assert.match(await refusal(await sign({})), /claim sub/);
  assert.match(await refusal(await sign({ sub: "../w1" })), /cannot be a worker's id/);
  assert.match(await refusal(await sign({ sub: "w1" }, undefined, "HS384")), /cannot be read/);
  const unsigned = `${btoa('{"alg":"none"}')}.${btoa('{"sub":"w1"}')}.`.replaceAll("=", "");
  assert.match(await refusal(unsigned), /^unauthenticated/);
  const noEnd = await new SignJWT({ sub: "w1" }).setProtectedHeader({ alg: "HS256" })
    .setAudience("coder-k8s-coordinator").sign(keys[0].bytes);
  assert.match(await refusal(noEnd), /claim exp/);
  const withoutKeyName = await sign({ sub: "w1" });
  assert.equal((await verifyWorkerToken(keys, withoutKeyName, "", NOW)).workerId, "w1");
});

Deno.test("a key is replaced step by step: the first signs, all verify", async () => {
  const before = await mint("w1", parseWorkerKeys(OLD));
  const after = await mint("w1");
  assert.equal((await verifyWorkerToken(keys, before, "", NOW)).workerId, "w1");
  assert.equal((await verifyWorkerToken(parseWorkerKeys(NEW), after, "", NOW)).workerId, "w1");
  assert.match(await refusal(before, { by: parseWorkerKeys(NEW) }), /\(any more\)/);
});

Deno.test("a key file has comments and empty lines, and keys that are long enough", () => {
  const read = parseWorkerKeys(`# of 2026\r\n\r\n  ${NEW}  \r\n${OLD}`);
  assert.deepEqual(read.map(({ bytes }) => bytes.length), [48, 32]);
  assert.deepEqual(read.map(({ id }) => id), keys.map(({ id }) => id));
  assert.ok(read.every(({ id }) => /^[0-9a-f]{16}$/.test(id)));
  for (
    const [text, message] of [["", /no key/], ["# nothing\n", /no key/], [
      `${NEW}\nshort-one`,
      /line 2 has 9 bytes/,
    ]] as const
  ) {
    assert.throws(() => parseWorkerKeys(text), (error: unknown) => {
      assert.ok(error instanceof WorkerKeyError);
      assert.match(error.message, message);
      assert.match(error.message, /openssl rand/);
      assert.doesNotMatch(error.message, /short-one/);
      return true;
    });
  }
});

Deno.test("ids that cannot be workers' get no token", async () => {
  for (const workerId of ["", "-a", "a b", "a/b", "a".repeat(64), "ä"]) {
    await assert.rejects(mint(workerId), { code: "invalid" });
  }
  for (const workerId of ["a", "worker-1", "Ab.c_d", "a".repeat(63)]) assert.ok(await mint(workerId));
});

const WORKSPACE = "11111111-2222-4333-8444-555555555555";
const OWNER = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const binding = { workspaceId: WORKSPACE, ownerId: OWNER };

Deno.test("a token that is bound to a workspace says so, and its id follows", async () => {
  const token = await mintWorkerToken(keys, { binding, ttlMs: 60_000, now: NOW });
  assert.deepEqual(await verifyWorkerToken(keys, token, "", NOW), {
    workerId: `ws-${WORKSPACE}`,
    binding,
    expiresAt: NOW + 90_000,
  });
  assert.match(await refusal(token, { claimed: "w1" }), /^permission_denied/);
  assert.match(await refusal(token, { now: NOW + 100_000 }), /has expired/);
  for (const wrong of [{ workspaceId: "dev", ownerId: OWNER }, { workspaceId: WORKSPACE, ownerId: "" }]) {
    await assert.rejects(mintWorkerToken(keys, { binding: wrong, ttlMs: 60_000, now: NOW }), {
      code: "invalid",
    });
  }
});

Deno.test("nobody is bound to a workspace by a name, by half a claim, or by claims of their own making", async () => {
  for (const workerId of ["workspaces", `ws-${WORKSPACE}`]) {
    await assert.rejects(mint(workerId), { code: "invalid" });
  }
  const sign = (claims: Record<string, unknown>) =>
    new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setExpirationTime(NOW / 1_000 + 60)
      .setAudience("coder-k8s-coordinator").sign(keys[0].bytes);
  const own = `ws-${WORKSPACE}`;
  for (
    const claims of [
      { sub: "workspaces" },
      { sub: own },
      { sub: own, coder_workspace: WORKSPACE },
      { sub: own, coder_workspace: WORKSPACE, coder_workspace_owner: 7 },
      { sub: own, coder_workspace: OWNER, coder_workspace_owner: OWNER },
      { sub: "w1", coder_workspace: WORKSPACE, coder_workspace_owner: OWNER },
      { sub: "workspaces", coder_workspace: WORKSPACE, coder_workspace_owner: OWNER },
    ]
  ) assert.match(await refusal(await sign(claims)), /^unauthenticated/, JSON.stringify(claims));
  // Claims that were changed behind the signature.
  const [head, , signature] = (await mint()).split(".");
  const forged = btoa(JSON.stringify({
    sub: own,
    aud: "coder-k8s-coordinator",
    exp: NOW / 1_000 + 60,
    coder_workspace: WORKSPACE,
    coder_workspace_owner: OWNER,
  })).replaceAll("=", "");
  assert.match(await refusal(`${head}.${forged}.${signature}`), /signature is wrong/);
});
