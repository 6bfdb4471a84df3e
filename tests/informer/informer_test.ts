import assert from "node:assert/strict";
import { sharedCluster } from "../cluster/mod.ts";
import { runInformers } from "./run.ts";

Deno.test("informers of client-go and client-node have what Coder has, whatever happens on the way", async () => {
  const { findings, counts } = await runInformers({
    cluster: await sharedCluster(),
    seed: 6,
    changes: 200,
    looks: 2,
  });
  assert.deepEqual(findings, []);
  assert.ok(counts["updated"]! > 500 && counts["watches"]! > 50, JSON.stringify(counts));
});
