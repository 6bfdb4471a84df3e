/** The short form of `deno task soak controlplane`, on the cluster of the tests that break things. */
import assert from "node:assert/strict";
import { runWithCoders } from "./control_plane.ts";
import { planAccess } from "./plan_access.ts";
import { passed, table } from "./report.ts";

/** `CODER_K8S_SOAK_SEED` tries another one. */
const SEED = Number(Deno.env.get("CODER_K8S_SOAK_SEED") ?? "20241121");

Deno.test("while Kubernetes, coderd and PostgreSQL break, every control plane keeps one token that works", async () => {
  const plan = planAccess({ seed: SEED, durationMs: 60_000, everyMs: 900, disturbEveryMs: 6_000 });
  const { signal } = new AbortController();
  const report = await runWithCoders({ plan, leaderElection: false, settleMs: 300_000, signal });
  assert.ok(passed(report), `seed ${SEED}:\n${table(report)}`);
  assert.ok(plan.steps.length > 50, `${plan.steps.length} steps`);
});
