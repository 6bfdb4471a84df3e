/**
 * Two replicas of the product under load, on a real cluster: they are replaced, the leader ends and is killed, the API
 * server is killed. Nobody notices: no read of kubectl fails, no call of an AI client is lost, nothing is done twice.
 */
import assert from "node:assert/strict";
import { standardError } from "../cluster/mod.ts";
import { disturb, DISTURBANCES } from "./disturbances.ts";
import { verdict } from "./verdict.ts";
import { startWorld } from "./world.ts";

const SEED = 20_261_122;

Deno.test("an update, two changes of the leader and a dead API server cost no read, no call, and nothing is done twice", async () => {
  await using world = await startWorld({ seed: SEED, binary: Deno.env.get("CODER_K8S_BINARY") || undefined });
  for (const disturbance of DISTURBANCES) await disturb(world, disturbance);
  const found = await verdict(world);
  const { reads, calls, retries, changes, writes, leaders } = found;
  standardError().write(
    `  ${reads} reads and ${found.requests} requests (${
      found.requestRetries.join(", ") || "none"
    } sent again), ${calls} calls (${retries} sent again), ${changes} changes, ${writes} writes, ` +
      `${leaders} leaders, the longest read ${Math.round(found.longestReadMs)} ms, ` +
      `the longest call ${Math.round(found.longestCallMs)} ms, ${found.brokenWatches.length} of ` +
      `${found.watches} watches broken\n`,
  );
  assert.deepEqual(found.failedReads, []);
  assert.deepEqual(found.lostCalls, []);
  assert.deepEqual(found.doubleWrites, []);
  assert.deepEqual(found.misinformed, []);
  assert.ok(reads > 0 && calls > 0 && changes > 0 && writes > changes / 2, "all of them were at work");
  assert.ok(leaders >= 3, "the leader changed at least twice");
});
