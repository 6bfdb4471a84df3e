/** Random histories: what users, others and the weather do, in random order, and what comes of it. The same seed gives the same one. */
import { below, pick } from "../../src/telemetry/testing/random.ts";
import { API_TROUBLE, CODER_FAULTS, type Ground } from "./ground.ts";
import type { Planes } from "./world.ts";

/** What a history came to. */
export interface HistoryResult {
  readonly seed: number;
  /** What must not happen and did, and what was not right in the end. */
  readonly wrong: readonly string[];
  /** The whole history, for people. */
  readonly log: readonly string[];
  /** How often each kind of event came. */
  readonly counts: Readonly<Record<string, number>>;
  /** Figures of the whole, by name. */
  readonly figures: Readonly<Record<string, number>>;
}

/** How long a history is. */
export interface HistoryOptions {
  /** @default {30} */
  readonly events?: number;
}

/** A world that histories happen to. */
export interface HistoryWorld {
  readonly ground: Ground;
  readonly planes: Planes;
  /** Somebody damaged what the operator keeps, and it is not healed yet. */
  damaged: boolean;
}

export type Action<W> = (world: W) => void | Promise<void>;
export type Actions<W> = Readonly<Record<string, Action<W>>>;

/** What goes on by itself, and what breaks around any object of ours. */
export const LIFE: Actions<HistoryWorld> = {
  "a little happens": async ({ ground }) => void await ground.steps(1 + below(ground.random, 10)),
  "much happens": async ({ ground }) => void await ground.steps(10 + below(ground.random, 80)),
  "time passes": ({ ground }) => ground.pass(below(ground.random, 60_000), 300),
  "time passes, and little happens": ({ ground }) => ground.pass(below(ground.random, 40_000), 3),
  "long time passes": ({ ground }) => ground.pass(below(ground.random, 1_800_000), 300),
  "crash": async ({ ground }) => {
    await ground.steps(below(ground.random, 20));
    await ground.crash();
  },
  "something is slow": ({ ground }) => ground.disturb(),
  "nothing is slow": ({ ground }) => void (ground.weights = { requests: 4, watches: 4, cluster: 3 }),
  "a watch breaks": ({ ground }) => ground.relist(),
  "a container dies": ({ ground }) => void ground.cluster.killContainer(),
};

const anyCoder = ({ ground }: HistoryWorld) => pick(ground.random, [...ground.coders.keys()]);

/** Requests that may fail for a while, as where a right is missing or a webhook is away. */
const FAILING = [
  /^GET secrets/,
  /^GET secrets team/,
  /^GET coder/,
  /^LIST pods/,
  /^PUT status/,
  /^APPLY/,
  /^DELETE/,
];

/** What breaks, and damages nothing. */
export const TROUBLE: Actions<HistoryWorld> = {
  "the API server has trouble": ({ ground }) => {
    const { random, trouble } = ground;
    const queue = trouble.get("api") ?? [];
    for (let i = below(random, 4); i >= 0; i--) queue.push(pick(random, API_TROUBLE)());
    trouble.set("api", queue);
  },
  "a kind of request fails": ({ ground }) => void (ground.failing = pick(ground.random, FAILING)),
  "all kinds of requests go well": ({ ground }) => void (ground.failing = undefined),
  "Coder has trouble": (world) => {
    const { random, coders } = world.ground;
    const coder = coders.get(anyCoder(world));
    for (let i = below(random, 5); i >= 0; i--) coder?.faults.push(pick(random, CODER_FAULTS)());
  },
  "the way to Coder has trouble": (world) => {
    const { random, trouble } = world.ground;
    const name = anyCoder(world);
    const queue = trouble.get(name) ?? [];
    for (let i = below(random, 3); i >= 0; i--) queue.push(pick(random, ["refused", "answer lost"] as const));
    trouble.set(name, queue);
  },
  "Coder goes": (world) => void (world.ground.coder(anyCoder(world)).up = false),
  "Coder comes": ({ ground }) => {
    for (const coder of ground.coders.values()) coder.up = true;
  },
  "the licence goes": (world) => world.ground.coder(anyCoder(world)).license(false),
  "the licence comes": ({ ground }) => {
    for (const coder of ground.coders.values()) coder.license(true);
  },
  "the licence is looked at": ({ ground, planes }) => {
    for (const name of ground.coders.keys()) planes.lookAtLicense(name);
  },
  "the token is revoked": (world) => world.planes.revokeToken(anyCoder(world)),
  "the token is renewed": ({ ground, planes }) => {
    for (const name of ground.coders.keys()) planes.renewToken(name);
  },
  "access is lost": (world) => world.planes.say(anyCoder(world), { operatorAccessReady: false }),
  "access is back": ({ ground, planes }) => {
    for (const name of ground.coders.keys()) planes.say(name, { operatorAccessReady: true });
  },
  "a control plane is deleted": (world) => world.planes.remove(anyCoder(world)),
  "control planes are back": ({ planes }) => planes.restore(),
  "Coder moves": (world) => world.planes.move(anyCoder(world), pick(world.ground.random, [80, 8080])),
};

/** Actions, and how often one of them comes. */
export interface Deck<W> {
  readonly kind: string;
  readonly weight: number;
  readonly actions: Actions<W>;
}

/** Lives through random events. Stops at the first thing that must not happen. Returns how often each came. */
export async function live<W extends HistoryWorld>(
  world: W,
  decks: readonly Deck<W>[],
  events: number,
): Promise<Record<string, number>> {
  const { ground } = world;
  const { random } = ground;
  const counts: Record<string, number> = {};
  const total = decks.reduce((sum, { weight }) => sum + weight, 0);
  for (let i = 0; i < events && ground.violations.length === 0; i++) {
    let dice = random() * total;
    const deck = decks.find(({ weight }) => (dice -= weight) < 0) ?? decks[0]!;
    const name = pick(random, Object.keys(deck.actions));
    ground.note(`${deck.kind}: ${name}`);
    if (deck.kind === "damage") world.damaged = true;
    await deck.actions[name]!(world);
    ground.check();
    counts[name] = (counts[name] ?? 0) + 1;
    await ground.steps(below(random, 6));
  }
  return counts;
}

/** What a long run came to. */
export interface SoakResult {
  readonly histories: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly figures: Readonly<Record<string, number>>;
  /** The first history that went wrong. */
  readonly failed?: HistoryResult;
}

/** Lives through histories from `seed` on until `signal` aborts or one goes wrong. */
export async function soakHistories(
  run: (seed: number, options: HistoryOptions) => Promise<HistoryResult>,
  { seed, signal, most = Infinity, ...options }: HistoryOptions & {
    readonly seed: number;
    readonly signal: AbortSignal;
    readonly most?: number;
    /** Called after each history. */
    readonly progress?: (done: number) => void;
  },
): Promise<SoakResult> {
  const counts: Record<string, number> = {};
  const figures: Record<string, number> = {};
  let histories = 0;
  const add = (to: Record<string, number>, from: Readonly<Record<string, number>>) => {
    for (const [name, count] of Object.entries(from)) to[name] = (to[name] ?? 0) + count;
  };
  while (!signal.aborted && histories < most) {
    const result = await run(seed + histories, options);
    histories++;
    add(counts, result.counts);
    add(figures, result.figures);
    options.progress?.(histories);
    if (result.wrong.length > 0) return { histories, counts, figures, failed: result };
    // Gives way to timers and signals.
    if (histories % 10 === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  return { histories, counts, figures };
}

/** For people: what went wrong, and what led to it. */
export function failureText({ seed, wrong, log }: HistoryResult): string {
  return [`seed ${seed}:`, ...log.slice(-400), "what is wrong:", ...wrong].join("\n");
}
