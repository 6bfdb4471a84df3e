import assert from "node:assert/strict";
import { grpcRig, testKeys } from "../../sessions/wire/grpc_testing.ts";
import { mintWorkerToken } from "../../sessions/wire/worker_tokens.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { Redactor } from "../../telemetry/redactor.ts";
import type { WorkerConfig } from "./config.ts";
import { forgetSecrets, openWorkerTokens, workerTls } from "./worker_tokens.ts";

const SESSION = "abcdefghij-0123456789abcdefghijkl";
const WORKSPACE = "11111111-2222-4333-8444-555555555555";
const BASE = { insecure: false } as WorkerConfig;
const context = () => ({ log: silentLogger, redactor: new Redactor() });

Deno.test("a worker's own token is the same everywhere, and read again from its file", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, "first-token\n");
    const around = context();
    const tokens = await openWorkerTokens({ ...BASE, tokenFile: file }, around);
    const token = tokens("https://a:1");
    assert.equal(await token(), "first-token");
    assert.equal(around.redactor.text("it is first-token"), "it is [redacted]");
    await Deno.writeTextFile(file, "second-token");
    assert.equal(await token(), "second-token");
    await Deno.remove(file);
    await assert.rejects(token(), /--token-file: .* cannot be read/);
    await Deno.writeTextFile(file, "");
  } finally {
    await Deno.remove(file);
  }
  assert.equal(await (await openWorkerTokens({ ...BASE, token: "given" }, context()))("x")(), "given");
  await assert.rejects(openWorkerTokens(BASE, context()), /--token-file, or WORKER_TOKEN/);
});

Deno.test("in a workspace each coordinator gives a token for that of its owner, and none of them is shown", async () => {
  const asked: string[] = [];
  await using rig = await grpcRig({
    entry: {
      async enter({ workspaceId, coderSessionToken }) {
        asked.push(`${workspaceId} ${coderSessionToken}`);
        const binding = { workspaceId, ownerId: WORKSPACE };
        const token = await mintWorkerToken(testKeys, { binding, ttlMs: 60_000, now: Date.now() });
        return { token, expiresInMs: 60_000 };
      },
    },
  });
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, `${SESSION}\n`);
    const around = context();
    const exchange = { workspaceId: WORKSPACE, coderTokenFile: file };
    const tokens = await openWorkerTokens({ ...BASE, workspace: { foundBy: "x", exchange } }, around);
    const token = await tokens(rig.url)();
    assert.deepEqual(asked, [`${WORKSPACE} ${SESSION}`]);
    assert.doesNotMatch(around.redactor.text(`${token} ${SESSION}`), /abcdef|eyJ/);
  } finally {
    await Deno.remove(file);
  }
  const exchange = { workspaceId: WORKSPACE };
  await assert.rejects(
    openWorkerTokens({ ...BASE, workspace: { foundBy: "x", exchange } }, context()),
    /CODER_WORKSPACE_OWNER_SESSION_TOKEN/,
  );
  const missing = { workspaceId: WORKSPACE, coderTokenFile: "/no/such/file" };
  await assert.rejects(
    openWorkerTokens({ ...BASE, workspace: { foundBy: "x", exchange: missing } }, context()),
    /--coder-token-file: \/no\/such\/file cannot be read/,
  );
});

Deno.test("what is started by a worker does not find its secrets", () => {
  const gone: string[] = [];
  forgetSecrets({ delete: (name) => void gone.push(name) });
  assert.ok(gone.includes("CODER_WORKSPACE_OWNER_SESSION_TOKEN") && gone.includes("WORKER_TOKEN"));
});

Deno.test("certificates are read for each connection", async () => {
  assert.deepEqual(await workerTls({}), { caPem: undefined, certPem: undefined, keyPem: undefined });
  await assert.rejects(workerTls({ caFile: "/no/such/file" }), Deno.errors.NotFound);
});
