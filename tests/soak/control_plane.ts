/** Chaos with real Coders: their tokens, coderd and PostgreSQL break as well. At the end every token is right, and one. */
import { type AccessChecks, type ChaosOptions, runChaos } from "./chaos.ts";
import { type Coders, startCoders } from "./coders.ts";
import { accessViolations, observeAccess } from "./expected_access.ts";
import type { Keeper } from "./keeper.ts";
import { countSteps, finalSpecs, type Plan } from "./plan.ts";
import { planAccess, stepWithDatabase, withDatabases } from "./plan_access.ts";
import { type AreaOptions, clock, megabytes, type Report } from "./report.ts";

/** How many Coders are behind the control planes: each has two to look after. */
const CODERS = 2;
/** A token that was revoked inside Coder is missed at the next look, five minutes later at most. */
const SETTLE_MS = 420_000;

/** `deno task soak controlplane`. */
export async function run(options: AreaOptions): Promise<Report> {
  const { minutes, seed, signal, say, watch, dir } = options;
  const plan = planAccess({ seed, durationMs: minutes * 60_000, coders: CODERS });
  say(`seed ${seed}, ${minutes} minutes, ${plan.steps.length} steps:`);
  say(`  ${[...countSteps(plan)].map(([type, count]) => `${count} × ${type}`).join(", ")}`);
  const logFile = `${dir}/controlplane-${seed}.log`;
  say(`operator's log: ${logFile}`);
  let line = () => "starting a cluster, PostgreSQL, two Coders and the operator";
  return await watch(() => line(), () =>
    runWithCoders({
      plan,
      leaderElection: true,
      settleMs: SETTLE_MS,
      logFile,
      signal,
      progress: (done: number, startedAt: number, keeper: Keeper) => {
        line = () =>
          `${clock(performance.now() - startedAt)} of ${clock(plan.durationMs)}: step ${done} of ` +
          `${plan.steps.length}, operator no. ${keeper.starts}, ${
            megabytes(keeper.peak).toFixed(0)
          } MB at most, ` +
          `${keeper.problems.length} problems`;
      },
      settling: (wrong: readonly string[]) => {
        line = () => `all is whole again; ${wrong.length} differences: ${wrong[0] ?? ""}`;
      },
    }));
}

/** Carries a plan out with real Coders behind its control planes. */
export async function runWithCoders(options: Omit<ChaosOptions, "access">): Promise<Report> {
  await using coders = await startCoders(options.plan.names, CODERS);
  return await runChaos({ ...options, access: checks(options.plan, coders) });
}

function checks(plan: Plan, coders: Coders): AccessChecks {
  const urlOf = (plane: string) => coders.of(plane).databaseUrl;
  const specs = withDatabases(finalSpecs(plan), urlOf);
  return {
    coders,
    specs,
    prepare: (step) => stepWithDatabase(step, urlOf),
    violations: async (scene, mostTokens) =>
      accessViolations(await observeAccess(scene, coders), {
        specs,
        names: (plane) => coders.tokenNames(scene.namespace, plane),
        coderOf: (plane) => coders.indexOf(plane),
        mostTokens,
      }),
  };
}
