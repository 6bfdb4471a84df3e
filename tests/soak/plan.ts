/** What a chaos run will do, from its seed alone: what users do, what breaks, and when. */
import type { ControlPlaneSpecInput } from "../../src/api/control_plane.ts";
import { below, pick, seededRandom } from "../../src/telemetry/testing/random.ts";
import { randomSpec } from "../faults/changes.ts";

/** What the operator makes of a control plane. */
export const CHILDREN = ["deployments", "services", "serviceaccounts"] as const;
export type Child = typeof CHILDREN[number];

/** Which fields of a child somebody changes by hand: all of them are the operator's. */
export const HAND_EDITS = {
  deployments: ["image", "replicas", "variable", "labels"],
  services: ["port", "nameless port", "selector", "annotation"],
  serviceaccounts: ["labels"],
} as const satisfies Record<Child, readonly string[]>;

/** One thing that a user does to a control plane, or to what it has become. */
export type UserStep =
  | { type: "create"; plane: string; spec: ControlPlaneSpecInput }
  | { type: "edit"; plane: string; spec: ControlPlaneSpecInput }
  | { type: "delete"; plane: string; propagation: "Background" | "Foreground" }
  | { type: "delete child"; plane: string; child: Child }
  | { type: "edit child"; plane: string; child: Child; field: string; mark: number }
  | { type: "scale"; plane: string; replicas: number }
  | { type: "rollout restart"; plane: string; mark: number }
  | AccessStep;

/** One thing that somebody does to the operator's access to a control plane's Coder. */
export type AccessStep =
  | { type: "delete token Secret"; plane: string }
  | { type: "spoil token Secret"; plane: string; mark: number }
  | { type: "revoke token"; plane: string };

/** One thing that breaks, and for how long, in milliseconds. No resource: all of them. */
export type Disturbance =
  | { type: "API server killed"; downMs: number }
  | { type: "operator killed"; downMs: number }
  | { type: "watches cut"; resource?: string }
  | { type: "watches expired"; resource?: string }
  | { type: "watches frozen"; resource?: string; forMs: number }
  | { type: "requests throttled"; status: 429; retryAfterSeconds?: number; resource: string; forMs: number }
  | { type: "requests failed"; status: 500 | 503; resource: string; forMs: number }
  | { type: "answers lost"; resource: string; times: number }
  | CoderDisturbance;

/** One thing that breaks with Coder. `coder` counts from 0. */
export type CoderDisturbance =
  | { type: "coderd killed"; coder: number; downMs: number }
  | { type: "PostgreSQL killed"; downMs: number }
  | { type: "PostgreSQL hung"; forMs: number };

export type Step = UserStep | Disturbance;

/** A step and when it is due, in milliseconds from the start. */
export interface Due {
  readonly atMs: number;
  readonly step: Step;
}

/** How much happens. */
export interface PlanOptions {
  seed: number;
  /** In milliseconds. */
  durationMs: number;
  /** How many control planes there may be at once. @default {12} */
  planes?: number;
  /** From one user's step to the next, on average, in milliseconds. @default {350} */
  everyMs?: number;
  /** From one disturbance to the next, in milliseconds. @default {8_000} */
  disturbEveryMs?: number;
}

/** A whole run. */
export interface Plan {
  readonly seed: number;
  readonly durationMs: number;
  readonly names: readonly string[];
  /** In the order of time. */
  readonly steps: readonly Due[];
}

/** What an operator watches and writes, besides its control planes. */
const KINDS = ["codercontrolplanes", ...CHILDREN];

/** Plans a run. Every kind of disturbance comes once before any comes again. */
export function planChaos(options: PlanOptions): Plan {
  const { seed, durationMs, planes = 12, everyMs = 350, disturbEveryMs = 8_000 } = options;
  const names = Array.from({ length: planes }, (_, i) => `plane-${i}`);
  const random = seededRandom(seed);
  const steps = [
    ...spread(random, durationMs, everyMs, userSteps(random, names)),
    // Another stream, so that more or fewer of these leave what users do as it is.
    ...spread(seededRandom(seed + 1), durationMs, disturbEveryMs, disturbances(seededRandom(seed + 2))),
  ].sort((a, b) => a.atMs - b.atMs);
  return { seed, durationMs, names, steps };
}

/** How many steps of each type. */
export function countSteps({ steps }: Pick<Plan, "steps">): Map<Step["type"], number> {
  const counts = new Map<Step["type"], number>();
  for (const { step: { type } } of steps) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

/** The spec of each control plane that is there at the end. */
export function finalSpecs({ steps }: Pick<Plan, "steps">): Map<string, ControlPlaneSpecInput> {
  const specs = new Map<string, ControlPlaneSpecInput>();
  for (const { step } of steps) {
    if (step.type === "create" || step.type === "edit") specs.set(step.plane, step.spec);
    else if (step.type === "delete") specs.delete(step.plane);
  }
  return specs;
}

/** Steps at uneven distances, `everyMs` on average. */
export function spread(
  random: () => number,
  durationMs: number,
  everyMs: number,
  steps: Iterator<Step>,
): Due[] {
  const due: Due[] = [];
  for (let atMs = everyMs / 2; atMs < durationMs; atMs += everyMs * (0.5 + random())) {
    due.push({ atMs: Math.round(atMs), step: steps.next().value as Step });
  }
  return due;
}

/** Endless. A name that is picked and is not there is created; one that was deleted comes back as another object. */
function* userSteps(random: () => number, names: readonly string[]): Generator<UserStep, never> {
  const alive = new Set<string>();
  for (let mark = 1;; mark++) {
    const plane = pick(random, names);
    if (!alive.has(plane)) {
      alive.add(plane);
      yield { type: "create", plane, spec: randomSpec(random) };
      continue;
    }
    const chance = random();
    if (chance < 0.12) {
      alive.delete(plane);
      yield { type: "delete", plane, propagation: random() < 0.25 ? "Foreground" : "Background" };
    } else if (chance < 0.27) {
      yield { type: "delete child", plane, child: pick(random, CHILDREN) };
    } else if (chance < 0.45) {
      const child = pick(random, CHILDREN);
      yield { type: "edit child", plane, child, field: pick<string>(random, HAND_EDITS[child]), mark };
    } else if (chance < 0.56) {
      yield { type: "scale", plane, replicas: below(random, 4) };
    } else if (chance < 0.66) {
      yield { type: "rollout restart", plane, mark };
    } else {
      yield { type: "edit", plane, spec: randomSpec(random) };
    }
  }
}

type Draw = (random: () => number) => Disturbance;

const DRAWS: readonly Draw[] = [
  (random) => ({ type: "API server killed", downMs: below(random, 3_000) }),
  (random) => ({ type: "operator killed", downMs: below(random, 3_000) }),
  (random) => ({ type: "watches cut", ...someKind(random) }),
  (random) => ({ type: "watches expired", ...someKind(random) }),
  (random) => ({ type: "watches frozen", ...someKind(random), forMs: window(random) }),
  (random) => ({
    type: "requests throttled",
    status: 429,
    ...(random() < 0.5 ? { retryAfterSeconds: 1 } : {}),
    resource: pick(random, KINDS),
    forMs: window(random),
  }),
  (random) => ({
    type: "requests failed",
    status: pick(random, [500, 503] as const),
    resource: pick(random, KINDS),
    forMs: window(random),
  }),
  (random) => ({ type: "answers lost", resource: pick(random, KINDS), times: 1 + below(random, 5) }),
];

function* disturbances(random: () => number): Generator<Disturbance, never> {
  while (true) {
    const deck = [...DRAWS];
    while (deck.length > 0) yield deck.splice(below(random, deck.length), 1)[0]!(random);
  }
}

function someKind(random: () => number): { resource?: string } {
  return random() < 0.4 ? {} : { resource: pick(random, KINDS) };
}

function window(random: () => number): number {
  return 500 + below(random, 5_000);
}
