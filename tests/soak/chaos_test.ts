/** The short form of `deno task soak chaos`, on the cluster of the tests that break things. */
import assert from "node:assert/strict";
import { runChaos } from "./chaos.ts";
import { planChaos } from "./plan.ts";
import { passed, table } from "./report.ts";

/** `CODER_K8S_SOAK_SEED` tries another one. */
const SEED = Number(Deno.env.get("CODER_K8S_SOAK_SEED") ?? "20240611");

Deno.test("while everything breaks, what users do to control planes and their children comes out right", async () => {
  const plan = planChaos({ seed: SEED, durationMs: 12_000, planes: 8, everyMs: 200, disturbEveryMs: 1_500 });
  const { signal } = new AbortController();
  const report = await runChaos({ plan, leaderElection: false, settleMs: 300_000, signal });
  assert.ok(passed(report), `seed ${SEED}:\n${table(report)}`);
  assert.ok(plan.steps.length > 50, `${plan.steps.length} steps`);
});
