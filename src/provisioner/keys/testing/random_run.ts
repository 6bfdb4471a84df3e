/**
 * Random histories of one provisioner's keys: users change the spec, somebody lays hands on keys and Secrets, Coder and
 * the API server fail, the operator dies in the midst of passes, pods roll slowly. At every point what must never happen
 * is looked for; at the end everybody is well, and all must be in order. For tests and for `deno task soak`.
 */
import { below, pick, seededRandom } from "../../../telemetry/testing/random.ts";
import { CALL_FAULTS, type ModelCall, type ModelCoder } from "./model_coder.ts";
import { World } from "./world.ts";

/** What a history came to. */
export interface HistoryResult {
  readonly seed: number;
  /** What must not happen and did. */
  readonly wrong: readonly string[];
  /** The history, for people. */
  readonly log: readonly string[];
  /** How often each kind of event came. */
  readonly counts: Readonly<Record<string, number>>;
}

/** How long a history is. */
export interface HistoryOptions {
  /** @default {60} */
  readonly events?: number;
}

/** So long nobody is at work after a crash: the lease of the one that died has to run out. */
const RESTART_MS = 15_000;

type Action = (world: World) => void | Promise<void>;

function tags(world: World): Record<string, string> {
  return pick(world.random, [{}, { region: "eu" }, { region: "us" }, { region: "eu", size: "large" }]);
}

/** What users do to the spec. */
const USER: Readonly<Record<string, Action>> = {
  "tags change": (world) => void (world.spec.tags = tags(world)),
  "organization changes": (world) =>
    void (world.spec.organization = pick(world.random, ["default", "eng", "ops", "no-such"])),
  "control plane changes": (world) => void (world.spec.coder = world.spec.coder === "a" ? "b" : "a"),
  "name changes": (world) => void (world.spec.baseName = pick(world.random, ["prov", "n".repeat(70)])),
  "rotation is asked for": (world) => void (world.spec.rotate = `now ${below(world.random, 1_000)}`),
  "request is taken back": (world) => void (world.spec.rotate = undefined),
  "schedule changes": (world) => void (world.spec.rotateAfterMs = pick(world.random, [undefined, 3_600_000])),
  "replicas change": (world) => void (world.replicas = below(world.random, 4)),
  "own Secret is brought or taken back": (world) => {
    const { spec, byo, coder } = world;
    spec.existingSecret = !spec.existingSecret;
    if (spec.existingSecret) byo.value = coder.add(`mine-${world.now}`, "org-default").value;
  },
  "address changes": (world) => void (world.urls.a = `http://a-${below(world.random, 100)}`),
};

/** What others do to keys and Secrets. All of it breaks something until it is healed. */
const DAMAGE: Readonly<Record<string, Action>> = {
  "key deleted in Coder": ({ ownKeys, random, coders }) => {
    const key = ownKeys[below(random, ownKeys.length || 1)];
    if (key !== undefined) { for (const coder of [coders.a, coders.b]) coder.remove(key); }
  },
  "key replaced in Coder": ({ ownKeys, random, coders }) => {
    const key = ownKeys[below(random, ownKeys.length || 1)];
    const coder = [coders.a, coders.b].find(({ keys }) => key !== undefined && keys.includes(key));
    if (key === undefined || coder === undefined) return;
    coder.remove(key);
    coder.add(key.name, key.organization, { other: "tags" });
  },
  "Secret edited": ({ managed, random }) => void (managed.value = `junk-${below(random, 1_000)}`),
  "Secret deleted": ({ managed }) => {
    managed.value = undefined;
    managed.annotations = {};
  },
  "Secret restored": ({ managed, backups, random }) => {
    const backup = backups[below(random, backups.length || 1)];
    if (backup !== undefined) Object.assign(managed, structuredClone(backup));
  },
};

/** The status is lost, as when the object is restored from a backup. Keys are found again where they can be asked for. */
async function loseStatus(world: World): Promise<void> {
  const { coder, spec, closed, tokens, ownKeys } = world;
  const organization = coder.organizations.get(spec.organization);
  const isWell = coder.up && coder.entitled && !closed[spec.coder] && tokens[spec.coder] === coder.token;
  const areHere = ownKeys.every((key) =>
    key.name !== "prov" && coder.keys.includes(key) && key.organization === organization
  );
  if (!isWell || !areHere || spec.existingSecret || coder.faults.length > 0) return;
  world.recordLost = true;
  world.status = world.before = {};
  world.refreshListing();
  await world.passes();
}

/** What breaks, and does not damage keys. */
const TROUBLE: Readonly<Record<string, Action>> = {
  "call fails": ({ coder, random }) => void coder.faults.push(pick(random, CALL_FAULTS)),
  "calls fail": ({ coder, random }) => {
    for (let i = below(random, 8); i >= 0; i--) coder.faults.push(pick(random, CALL_FAULTS));
  },
  "Coder goes": ({ coder }) => void (coder.up = false),
  "Coder is seen to be away": ({ closed, spec }) => void (closed[spec.coder] = true),
  "Coder comes": ({ coders, closed }) => {
    coders.a.up = coders.b.up = true;
    closed.a = closed.b = false;
  },
  "entitlement goes": ({ coder }) => void (coder.entitled = false),
  "entitlement comes": ({ coders }) => void (coders.a.entitled = coders.b.entitled = true),
  "token revoked": ({ coder }) => void coder.token++,
  "token renewed": ({ coders, tokens }) => {
    tokens.a = coders.a.token;
    tokens.b = coders.b.token;
  },
  "status lost": loseStatus,
  "Secret write fails": ({ secretFaults, random }) =>
    void secretFaults.push(pick(random, ["refused", "answer lost"] as const)),
  "annotations lost": ({ managed, record, random }) => {
    // With the record of the key's hash nothing is damaged.
    if (record.present?.valueHash !== undefined && below(random, 2) === 0) managed.annotations = {};
  },
};

/** What goes on by itself. */
const LIFE: Readonly<Record<string, Action>> = {
  "pass": async (world) => void await world.pass(),
  "passes": async (world) => {
    for (let i = 0; i < 3; i++) await world.pass();
  },
  "pass crashes": async (world) => {
    await world.pass({ crash: { call: 1 + below(world.random, 7), done: below(world.random, 2) === 0 } });
    world.now += RESTART_MS;
  },
  "pass on an old cache": async (world) => void await world.pass({ stale: true }),
  "roll": (world) => world.roll(),
  "roll on": (world) => {
    for (let i = below(world.random, 12); i > 0; i--) world.roll();
  },
  "container restarts": (world) => world.restartContainer(),
  "keys listed": (world) => world.refreshListing(),
  "time passes": (world) => void (world.now += below(world.random, 60_000)),
  "long time passes": (world) => void (world.now += below(world.random, 3_600_000)),
};

/** Of what there is more and of what less. */
const WEIGHTS:
  readonly (readonly [weight: number, actions: Readonly<Record<string, Action>>, kind: string])[] = [
    [10, LIFE, "life"],
    [2, USER, "user"],
    [2, TROUBLE, "trouble"],
    [1, DAMAGE, "damage"],
  ];

/** Lives through one history. The same seed and options give the same one. */
export async function runHistory(seed: number, { events = 60 }: HistoryOptions = {}): Promise<HistoryResult> {
  const random = seededRandom(seed);
  const world = new World(random);
  const log: string[] = [];
  const counts: Record<string, number> = {};
  const wrong: string[] = [];
  const check = (what: string) => {
    if (world.damaged && world.isHealthy && world.outcome?.key.ready === true) world.damaged = false;
    const found = [...world.violations.splice(0), ...world.wrong()];
    wrong.push(...found.map((each) => `after "${what}" (${log.length}): ${each}`));
  };

  if (below(random, 3) === 0) {
    world.takeOver();
    log.push("taken over");
  } else {
    await world.passes();
    world.rollOut();
  }
  for (let i = 0; i < events && wrong.length === 0; i++) {
    const [, actions, kind] = weighted(random);
    const name = pick(random, Object.keys(actions));
    if (kind === "damage") world.damaged = true;
    world.now += below(random, 8_000);
    await actions[name]!(world);
    // Who sees this spec, sees at least the status that it was changed with.
    if (kind === "user") world.before = world.status;
    counts[name] = (counts[name] ?? 0) + 1;
    log.push(`${new Date(world.now).toISOString().slice(11, 19)} ${name}: ${describe(world)}`);
    check(name);
    if (below(random, 12) === 0) wrong.push(...await quietNow(world, log));
  }
  if (wrong.length === 0) wrong.push(...await end(world, log, check));
  if (wrong.length === 0 && below(random, 2) === 0) wrong.push(...await deletion(world, log));
  for (const coder of [world.coders.a, world.coders.b]) wrong.push(...tooManyCalls(coder));
  return { seed, wrong, log, counts };
}

/** A pass that follows one with nothing in between calls nobody and writes nothing, unless there is a reason. */
async function quietNow(world: World, log: string[]): Promise<string[]> {
  const rolledWith = world.rolledWith;
  await world.pass();
  const { outcome } = world;
  if (outcome === undefined || outcome.again || outcome.wantsListing) return [];
  // Without pods a rollout ends at once.
  if (rolledWith !== world.rolledWith) return [];
  const before = totals(world);
  await world.pass();
  log.push("the same again");
  return before === totals(world) || world.violations.length > 0
    ? []
    : [`a second pass did something: ${before} → ${totals(world)}`];
}

function totals({ coders, writes }: World): string {
  return `${coders.a.calls.length + coders.b.calls.length} calls, ${writes} writes`;
}

/** Everybody is well again: after a while all is in order, and stays so without a call or a write. */
async function end(world: World, log: string[], check: (what: string) => void): Promise<string[]> {
  const { coders, spec, random } = world;
  for (const coder of [coders.a, coders.b]) {
    coder.up = coder.entitled = true;
    coder.faults.length = 0;
  }
  world.tokens.a = coders.a.token;
  world.tokens.b = coders.b.token;
  world.secretFaults = [];
  world.closed.a = world.closed.b = false;
  if (!coders.a.organizations.has(spec.organization)) spec.organization = "eng";
  spec.rotateAfterMs = undefined;
  if (world.replicas === 0) world.replicas = below(random, 2);
  let quiet = 0;
  for (let i = 0; i < 80 && quiet < 3; i++) {
    const before = totals(world);
    await world.passes();
    check("the end");
    log.push(`end ${i}: ${describe(world)}`);
    world.rollOut();
    world.now += 60_000;
    if (i % 5 === 4) world.refreshListing();
    quiet = before === totals(world) && world.unfinished().length === 0 ? quiet + 1 : 0;
  }
  return quiet === 3 ? [] : ["it does not come to rest", ...world.unfinished()];
}

/** The provisioner is deleted, while Coder is in trouble for a while. */
async function deletion(world: World, log: string[]): Promise<string[]> {
  const { coder, random } = world;
  const since = world.now;
  for (let i = below(random, 6); i > 0; i--) coder.faults.push(pick(random, CALL_FAULTS));
  if (below(random, 3) === 0) coder.up = false;
  for (let i = 0; i < 200; i++) {
    const crash = below(random, 4) === 0
      ? { call: 1 + below(random, 3), done: below(random, 2) === 0 }
      : undefined;
    const outcome = await world.revoke({ since, ...crash === undefined ? {} : { crash } });
    log.push(`deletion ${i}: ${outcome?.reason ?? "crashed"}, ${world.ownKeys.length} keys`);
    if (outcome?.done === true) {
      const lost = outcome.lost.map(({ name }) => name);
      const left = world.ownKeys.map(({ name }) => name).filter((name) => !lost.includes(name));
      return left.length === 0 ? [] : [`keys are left that nobody was told of: ${left}`];
    }
    world.now += Math.max(1_000, outcome?.lookAgainMs ?? RESTART_MS);
    if (below(random, 10) === 0) coder.up = true;
    if (world.now - since > 11 * 60_000) break;
  }
  return ["the deletion does not end in time"];
}

/** The calls of the last 35 s that Coder refused for a while. More than four mean that it is hammered. */
function tooManyCalls({ calls, id }: ModelCoder): string[] {
  const refused = (call: ModelCall | undefined) => call !== undefined && /429|500|refused/.test(call.end);
  for (let first = 0; first + 4 < calls.length; first++) {
    const window = calls.slice(first, first + 5);
    if (window.every(refused) && window[4]!.at - window[0]!.at <= 35_000) {
      return [`five refused calls to ${id} within 35 s: ${JSON.stringify(window)}`];
    }
  }
  return [];
}

function weighted(random: () => number) {
  let left = below(random, WEIGHTS.reduce((sum, [weight]) => sum + weight, 0));
  for (const entry of WEIGHTS) {
    left -= entry[0];
    if (left < 0) return entry;
  }
  return WEIGHTS[0]!;
}

function describe({ record, ownKeys, pods, managed, damaged, outcome }: World): string {
  const intents = record.intents.map(({ name, step }) => `${step} ${name.slice(-5)}`).join(", ");
  const value = ownKeys.find((key) => key.value === managed.value)?.name.slice(-5) ?? managed.value ?? "-";
  return `present ${record.present?.name.slice(-5) ?? "-"} [${intents}] secret ${value} ` +
    `keys ${ownKeys.map(({ name }) => name.slice(-5))} pods ${pods.length} ${damaged ? "damaged " : ""}` +
    `${outcome?.key.reason ?? ""}`;
}

/** What a long run came to. */
export interface SoakResult {
  readonly histories: number;
  readonly counts: Readonly<Record<string, number>>;
  /** The first history that went wrong. */
  readonly failed?: HistoryResult;
}

/** Lives through histories from `seed` on until `signal` aborts or one goes wrong. */
export async function soakHistories(
  { seed, signal, most = Infinity, events }: {
    seed: number;
    signal: AbortSignal;
    most?: number;
    events?: number;
  },
): Promise<SoakResult> {
  const counts: Record<string, number> = {};
  let histories = 0;
  while (!signal.aborted && histories < most) {
    const result = await runHistory(seed + histories, events === undefined ? {} : { events });
    histories++;
    for (const [name, count] of Object.entries(result.counts)) counts[name] = (counts[name] ?? 0) + count;
    if (result.wrong.length > 0) return { histories, counts, failed: result };
    // Gives way to timers and signals.
    if (histories % 20 === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  return { histories, counts };
}
