import assert from "node:assert/strict";
import { workerId as workerIdOption } from "../../cli/sandbox/values.ts";
import { WORKER_ID } from "../../sessions/wire/worker_ids.ts";
import { parseWorkerKeys, verifyWorkerToken } from "../../sessions/wire/worker_tokens.ts";
import { workerToken } from "./worker_token.ts";

const KEYS = `# ours\n${"k".repeat(48)}\n${"old".repeat(16)}\n`;

Deno.test("the token is the worker's, for its time, by the first key", async () => {
  const made = await workerToken({ keys: KEYS, whom: { workerId: "w1" }, ttlMs: 60_000 }, 1_000_000);
  assert.ok("token" in made);
  const [first] = parseWorkerKeys(KEYS);
  const { workerId, expiresAt } = await verifyWorkerToken([first], made.token, "w1", 1_030_000);
  assert.equal(workerId, "w1");
  assert.ok(expiresAt >= 1_060_000);
  await assert.rejects(verifyWorkerToken([first], made.token, "w1", 2_000_000), /it has expired/);
});

Deno.test("what cannot be is refused in words that tell nothing of the keys", async () => {
  for (
    const [keys, workerId, why] of [["hush", "w1", /needs 32/], ["", "w1", /there is no key/], [
      KEYS,
      "w 1",
      /cannot be a worker's id/,
    ]] as const
  ) {
    const made = await workerToken({ keys, whom: { workerId }, ttlMs: 60_000 });
    assert.ok("refusal" in made);
    assert.match(made.refusal, why);
    assert.doesNotMatch(made.refusal, /hush|kkk/);
  }
});

Deno.test("the command line takes the ids that tokens take", () => {
  const ids = ["w", "w1", "a.b_c-d", "-w", "w-", ".w", "w w", "", "a".repeat(63), "a".repeat(64), "ä", "a/b"];
  for (const id of ids) assert.equal(workerIdOption().safeParse(id).success, WORKER_ID.test(id), id);
});

Deno.test("a token of the worker in a workspace is bound to it", async () => {
  const binding = {
    workspaceId: "11111111-2222-4333-8444-555555555555",
    ownerId: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
  };
  const made = await workerToken({ keys: KEYS, whom: { binding }, ttlMs: 60_000 }, 1_000_000);
  assert.ok("token" in made);
  const identity = await verifyWorkerToken(parseWorkerKeys(KEYS), made.token, "", 1_030_000);
  assert.deepEqual([identity.workerId, identity.binding], [`ws-${binding.workspaceId}`, binding]);
  const wrong = await workerToken({
    keys: KEYS,
    whom: { binding: { ...binding, ownerId: "ann" } },
    ttlMs: 1,
  });
  assert.ok("refusal" in wrong);
  assert.match(wrong.refusal, /as Coder writes them/);
});
