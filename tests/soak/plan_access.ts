/** What a run with real Coders will do: the plan of chaos, with hands on tokens and outages of coderd and PostgreSQL. */
import type { ControlPlaneSpecInput } from "../../src/api/control_plane.ts";
import { below, pick, seededRandom } from "../../src/telemetry/testing/random.ts";
import type { AccessStep, CoderDisturbance, Due, Plan, Step, UserStep } from "./plan.ts";
import { planChaos, spread } from "./plan.ts";

/** How much happens. */
export interface AccessPlanOptions {
  seed: number;
  /** In milliseconds. */
  durationMs: number;
  /** How many control planes there may be at once. @default {4} */
  planes?: number;
  /** How many Coders are behind them. @default {2} */
  coders?: number;
  /** From one user's step to the next, on average, in milliseconds. @default {1_000} */
  everyMs?: number;
  /** From one disturbance of Kubernetes, and of Coder, to the next, in milliseconds. @default {10_000} */
  disturbEveryMs?: number;
}

/** A token that is revoked inside Coder is only missed at the next look, five minutes later at most. */
const LOOK_MS = 300_000;

/** Plans a run. The same seed gives the same plan. */
export function planAccess(options: AccessPlanOptions): Plan {
  const { seed, durationMs, planes = 4, coders = 2, everyMs = 1_000, disturbEveryMs = 10_000 } = options;
  const base = planChaos({ seed, durationMs, planes, everyMs, disturbEveryMs });
  const random = seededRandom(seed + 3);
  const handled = base.steps.flatMap(({ atMs, step }) => {
    const due: Due = { atMs, step: fitting(random, step) };
    return [due, ...hands(random, due, durationMs)];
  });
  const outages = spread(
    seededRandom(seed + 4),
    durationMs,
    disturbEveryMs,
    coderOutages(seededRandom(seed + 5), coders),
  );
  return { ...base, steps: [...handled, ...outages].sort((a, b) => a.atMs - b.atMs) };
}

/** Coders that answer go with pods that are there, and with the version that answers. */
function fitting(random: () => number, step: Step): Step {
  if (step.type === "scale") return { ...step, replicas: Math.max(1, step.replicas) };
  if (step.type !== "create" && step.type !== "edit") return step;
  const spec: ControlPlaneSpecInput = {
    ...step.spec,
    image: `${pick(random, ["ghcr.io/coder", "example.com", "registry.example.com/mirror"])}/coder:v2.30.0`,
    replicas: Math.max(1, step.spec.replicas ?? 1),
    operatorAccess: { disabled: random() < 0.15 },
  };
  return { ...step, spec };
}

/** Now and then somebody lays hands on the token of a control plane that was just touched. */
function hands(random: () => number, { atMs, step }: Due, durationMs: number): Due[] {
  if (!("plane" in step) || step.type === "delete" || random() > 0.2) return [];
  const { plane } = step;
  const steps: readonly AccessStep[] = [
    { type: "delete token Secret", plane },
    { type: "spoil token Secret", plane, mark: below(random, 1_000_000) },
    ...(atMs + LOOK_MS < durationMs ? [{ type: "revoke token", plane } as const] : []),
  ];
  return [{ atMs: atMs + below(random, 1_500), step: pick(random, steps) }];
}

function* coderOutages(random: () => number, coders: number): Generator<CoderDisturbance, never> {
  const draws: readonly (() => CoderDisturbance)[] = [
    () => ({ type: "coderd killed", coder: below(random, coders), downMs: below(random, 4_000) }),
    () => ({ type: "PostgreSQL killed", downMs: below(random, 5_000) }),
    () => ({ type: "PostgreSQL hung", forMs: 500 + below(random, 5_000) }),
  ];
  while (true) {
    const deck = [...draws];
    while (deck.length > 0) yield deck.splice(below(random, deck.length), 1)[0]!();
  }
}

/** The specs at the end of a plan, with the database that each control plane's Coder is on. */
export function withDatabases(
  specs: ReadonlyMap<string, ControlPlaneSpecInput>,
  urlOf: (plane: string) => string,
): Map<string, ControlPlaneSpecInput> {
  return new Map([...specs].map(([plane, spec]) => [plane, withDatabase(spec, urlOf(plane))]));
}

/** A step as users carry it out: a spec names its database. */
export function stepWithDatabase(step: UserStep, urlOf: (plane: string) => string): UserStep {
  if (step.type !== "create" && step.type !== "edit") return step;
  return { ...step, spec: withDatabase(step.spec, urlOf(step.plane)) };
}

function withDatabase(spec: ControlPlaneSpecInput, value: string): ControlPlaneSpecInput {
  return { ...spec, extraEnv: [{ name: "CODER_PG_CONNECTION_URL", value }, ...(spec.extraEnv ?? [])] };
}
