/** Users at work on control planes while everything breaks; at the end all has to be as they last asked for. */
import { sleep, waitFor, WaitTimeoutError } from "../cluster/mod.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { type Scene, startScene } from "../faults/scene.ts";
import type { ControlPlaneSpecInput } from "../../src/api/control_plane.ts";
import type { Coders } from "./coders.ts";
import { Disturber } from "./disturber.ts";
import { observe, violations } from "./expected.ts";
import { Ledger, Users } from "./hands.ts";
import { Keeper } from "./keeper.ts";
import { countSteps, type Disturbance, finalSpecs, type Plan, planChaos, type UserStep } from "./plan.ts";
import { type AreaOptions, atMost, type Check, clock, megabytes, type Report, without } from "./report.ts";

/** How a run is done. */
export interface ChaosOptions {
  plan: Plan;
  /** Whether an operator has to win an election, and after a SIGKILL to wait for a dead one's Lease. */
  leaderElection: boolean;
  /** How long all may take to become right after the last step, in milliseconds. @default {180_000} */
  settleMs?: number;
  /** The operator's log, a path. @default nowhere */
  logFile?: string;
  /** Real Coders behind the control planes, and what is asked of them. @default none */
  access?: AccessChecks;
  signal: AbortSignal;
  /** Called with the number of steps done after each, and the start of the first (`performance.now()`). */
  progress?: (done: number, startedAt: number, keeper: Keeper) => void;
  /** Called with what is not right yet, when the last step is done and all is whole again. */
  settling?: (wrong: readonly string[]) => void;
}

/** What a run with real Coders adds. */
export interface AccessChecks {
  readonly coders: Coders;
  /** A step as it is carried out. */
  readonly prepare: (step: UserStep) => UserStep;
  /** The specs that have to be there at the end. */
  readonly specs: ReadonlyMap<string, ControlPlaneSpecInput>;
  /** What is not right yet, in Kubernetes and in Coder. A token that was replaced lives on for an hour. */
  readonly violations: (scene: Scene, mostTokens: 1 | 2) => Promise<string[]>;
}

/** Resident memory that an operator from source may take, in megabytes. Measured: about 190. */
const MEMORY_LIMIT = 320;
/** So long without a write is rest, in milliseconds. */
const REST_MS = 3_000;

/** `deno task soak chaos`. */
export async function run(options: AreaOptions): Promise<Report> {
  const { minutes, seed, signal, say, watch, dir } = options;
  const plan = planChaos({ seed, durationMs: minutes * 60_000 });
  say(`seed ${seed}, ${minutes} minutes, ${plan.steps.length} steps:`);
  say(`  ${[...countSteps(plan)].map(([type, count]) => `${count} × ${type}`).join(", ")}`);
  const logFile = `${dir}/chaos-${seed}.log`;
  say(`operator's log: ${logFile}`);
  let line = () => "starting a cluster and the operator";
  return await watch(() => line(), () =>
    runChaos({
      plan,
      leaderElection: true,
      logFile,
      signal,
      progress: (done, startedAt, keeper) => {
        line = () =>
          `${clock(performance.now() - startedAt)} of ${clock(plan.durationMs)}: step ${done} of ` +
          `${plan.steps.length}, operator no. ${keeper.starts}, ${
            megabytes(keeper.peak).toFixed(0)
          } MB at most, ` +
          `${keeper.problems.length} problems`;
      },
      settling: (wrong) => {
        line = () =>
          `all is whole again; ${wrong.length} differences from what was asked for: ${wrong[0] ?? ""}`;
      },
    }));
}

/** Carries a plan out and checks what came of it. */
export async function runChaos(options: ChaosOptions): Promise<Report> {
  const { plan, signal, access } = options;
  await using scene = await startScene("chaos");
  await using keeper = await Keeper.start({
    kubeconfig: scene.kubeconfig,
    args: [
      `--leader-elect=${options.leaderElection}`,
      // No pod runs anything: without an address of its own, a Coder is not there, and says so at once.
      "--coder-access=direct",
      ...access?.coders.flags(scene.namespace) ?? [],
    ],
    ...(options.logFile === undefined ? {} : { logFile: options.logFile }),
  });
  await keeper.operator.ready(60_000);
  const ended = new AbortController();
  const disturber = new Disturber(scene, keeper, AbortSignal.any([signal, ended.signal]), access?.coders);
  const ledger = new Ledger();
  const users = new Users(scene, ledger, signal, access?.coders);
  const started = performance.now();
  try {
    for (const [i, { atMs, step }] of plan.steps.entries()) {
      const early = atMs - (performance.now() - started);
      if (early > 0) await sleep(early, signal);
      if ("plane" in step) users.begin(access?.prepare(step) ?? step);
      else disturber.begin(step);
      options.progress?.(i + 1, started, keeper);
    }
  } finally {
    // What users still wait for may need what is broken.
    ended.abort();
    await disturber.finish();
    await access?.coders.heal();
  }
  await users.finish();
  const changingMs = performance.now() - started;
  const settleMs = options.settleMs ?? 180_000;
  const { wrong, last } = await settled(scene, plan, ledger, { ...options, settleMs, mostTokens: 2 });
  const settledMs = performance.now() - started - changingMs;
  const doubled = access === undefined || wrong.length > 0
    ? []
    : await hoursLater(access.coders, keeper, () =>
      settled(scene, plan, ledger, { ...options, settleMs, mostTokens: 1 }));
  const restless = wrong.length === 0 ? await atRest(scene, signal) : [];
  // The last look at memory and panics comes before the end of the process.
  await keeper.look();
  await keeper.stop();
  return {
    facts: [
      ["steps", `${plan.steps.length} in ${clock(changingMs)}, ${ledger.missed} of them found no child`],
      ["what was hit", hitsText(disturber.hits)],
      ["operator processes", `${keeper.starts}, ${keeper.lines} lines of log`],
      ["settled after", `${(settledMs / 1000).toFixed(1)} s (${settleMs / 1000} s allowed)`],
      ["right at last", last.length === 0 ? "all was right at once" : last.slice(0, 3).join("; ")],
    ],
    checks: [
      ...checksOf(plan, keeper, wrong, restless),
      ...(access === undefined ? [] : [without("differences three hours later", doubled, "one token each")]),
    ],
  };
}

function checksOf(
  plan: Plan,
  keeper: Keeper,
  wrong: readonly string[],
  restless: readonly string[],
): Check[] {
  const there = finalSpecs(plan).size;
  return [
    without(
      "differences from what was asked for",
      wrong,
      `none: ${there} control planes are right, nothing is left of others`,
    ),
    without("writes after all was right", restless),
    without("accidents of the operator", keeper.problems),
    atMost("panics", keeper.panics, 0),
    atMost("memory at its peak", megabytes(keeper.peak), MEMORY_LIMIT, "MB"),
  ];
}

/** Waits until nothing is wrong. What still is at the deadline, and what was wrong last before that. */
async function settled(
  scene: Scene,
  plan: Plan,
  ledger: Ledger,
  { settleMs, mostTokens, settling, signal, access }:
    & Pick<ChaosOptions, "settling" | "signal" | "access">
    & { settleMs: number; mostTokens: 1 | 2 },
): Promise<{ wrong: string[]; last: string[] }> {
  const specs = access?.specs ?? finalSpecs(plan);
  let [wrong, last] = [["nothing could be read"], [] as string[]];
  try {
    await waitFor(async () => {
      wrong = [
        ...violations(await observe(scene), specs, ledger),
        ...await access?.violations(scene, mostTokens) ?? [],
      ];
      if (wrong.length > 0) last = wrong;
      settling?.(wrong);
      return wrong.length === 0;
    }, { what: "all to be as asked for", timeoutMs: settleMs, intervalMs: 200, signal });
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error;
  }
  return { wrong, last };
}

/** An operator that starts when tokens that were replaced are old has to do away with them. */
async function hoursLater(
  coders: Coders,
  keeper: Keeper,
  settle: () => Promise<{ wrong: string[] }>,
): Promise<string[]> {
  await coders.age("3 hours");
  await keeper.kill(0);
  return (await settle()).wrong;
}

/** Waits until the operator writes nothing for a while. Its last writes where it never does. */
async function atRest({ cluster }: Scene, signal: AbortSignal): Promise<string[]> {
  let last: string[] = [];
  try {
    await waitFor(async () => {
      const mark = await cluster.audit.mark();
      await sleep(REST_MS, signal);
      last = (await cluster.audit.since(mark)).writes(OPERATOR_USER).map(({ verb, uri }) => `${verb} ${uri}`);
      return last.length === 0;
    }, { what: "the operator to come to rest", timeoutMs: 60_000, signal });
    return [];
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error;
    return last;
  }
}

function hitsText(hits: ReadonlyMap<Disturbance["type"], number>): string {
  return [...hits].map(([type, count]) => `${type} ${count}`).join(", ");
}
