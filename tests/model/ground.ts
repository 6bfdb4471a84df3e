/**
 * Everything that goes on around one object of ours, one thing at a time and in random order: requests arrive, watches
 * tell, the cluster works, time passes, processes die. The same seed gives the same course.
 */
import { KubeApiError, KubeConnectionError } from "../../src/kube/errors.ts";
import type { Controller } from "../../src/reconciler/controller.ts";
import { below, pick, seededRandom } from "../../src/telemetry/testing/random.ts";
import { refuse } from "../fake-coder/reply.ts";
import { ModelApi } from "./model_api.ts";
import { ModelCluster, type ModelClusterOptions } from "./model_cluster.ts";
import { type CoderFault, ModelCoder } from "./model_coder.ts";
import { OperatorProcess, type Parts } from "./operator_process.ts";
import { settle, VirtualClock } from "./virtual_clock.ts";
import { type Delivery, type Request, Wire } from "./wire.ts";

/** What may come next, and how likely each is beside the others. */
export interface Weights {
  requests: number;
  watches: number;
  cluster: number;
}

const EVEN: Weights = { requests: 4, watches: 4, cluster: 3 };

/** So long nobody is at work after a crash: the Lease of the one that died has to run out. In milliseconds. */
const RESTART_MS = 15_000;

/** More steps than anything needs to come to rest, unless it never does. */
const MOST_STEPS = 5_000;

export interface GroundOptions extends Pick<ModelClusterOptions, "credentials" | "works"> {
  readonly seed: number;
  /** The controllers of a process. */
  readonly controllers: (parts: Parts) => readonly Controller[];
  /** Names of Coders. */
  readonly coders: readonly string[];
  /** The name of the Coder that answers at an address. */
  readonly coderAt: (url: string) => string | undefined;
}

/** See the file's head. */
export class Ground {
  readonly clock = new VirtualClock();
  readonly random: () => number;
  readonly api: ModelApi;
  readonly wire: Wire;
  readonly cluster: ModelCluster;
  readonly coders: ReadonlyMap<string, ModelCoder>;
  /** What must not happen and did. */
  readonly violations: string[] = [];
  /** Everything that happened, for people. */
  readonly log: string[] = [];
  /** What becomes of the next requests of the operator, by server. */
  readonly trouble = new Map<string, Delivery[]>();
  /** Requests to the API server that fail, for as long as it is set. */
  failing: RegExp | undefined;
  weights: Weights = { ...EVEN };
  operator: OperatorProcess | undefined;
  /** How many requests of the operator changed something at the API server. */
  writes = 0;
  processes = 0;
  crashes = 0;
  /** Reasons of the Events so far. */
  readonly told = new Set<string>();
  /** Looks for what must not be, after everything that happens. */
  check: () => void = () => {};
  readonly #options: GroundOptions;

  constructor(options: GroundOptions) {
    const random = this.random = seededRandom(options.seed);
    this.#options = options;
    this.api = new ModelApi(() => this.clock.time(), String(options.seed));
    this.wire = new Wire(this.clock, () => below(random, 2) === 0);
    this.cluster = new ModelCluster({ api: this.api, random, now: () => this.clock.now(), ...options });
    this.coders = new Map(options.coders.map((name) => [name, new ModelCoder(name, this.clock)]));
    this.api.onChange(({ kind, type, object, by }) => {
      if (by.startsWith("operator")) this.writes++;
      const { name, resourceVersion } = object.metadata;
      this.note(`  ${by}: ${kind} ${type.kind} ${name} (${resourceVersion})`);
    });
  }

  coder(name: string): ModelCoder {
    const coder = this.coders.get(name);
    if (coder === undefined) throw new Error(`there is no Coder ${name}`);
    return coder;
  }

  note(line: string): void {
    this.log.push(`${new Date(this.clock.now()).toISOString().slice(11, 23)} ${line}`);
  }

  wrong(what: string): void {
    this.note(`!! ${what}`);
    this.violations.push(what);
  }

  /** A process comes to life, with an empty memory. */
  async start(): Promise<void> {
    const { coderAt, controllers } = this.#options;
    const name = `operator-${++this.processes}`;
    this.note(`${name} starts`);
    this.operator = new OperatorProcess(name, {
      api: this.api,
      wire: this.wire,
      clock: this.clock,
      random: this.random,
      coderAt: (url) => this.coders.get(coderAt(url) ?? ""),
      mistake: (what) => this.wrong(what),
      told: (reason, note) => {
        this.told.add(reason);
        this.note(`  told ${reason}: ${note}`);
      },
    }, controllers);
    await settle();
  }

  /** The process dies, and after a while another one takes its place. */
  async crash(): Promise<void> {
    if (this.operator === undefined) return;
    this.note(`${this.operator.name} dies`);
    this.crashes++;
    this.operator.kill();
    this.operator = undefined;
    await settle();
    await this.pass(RESTART_MS);
    await this.start();
  }

  /** One thing happens. False where nothing can, as the weights are. */
  async step(): Promise<boolean> {
    const { random, weights } = this;
    const requests = weights.requests === 0 ? [] : this.wire.pending;
    const kinds = weights.watches === 0 ? [] : this.operator?.cache.lagging ?? [];
    const moves = weights.cluster === 0 ? [] : this.cluster.moves();
    const total = (requests.length && weights.requests) + (kinds.length && weights.watches) +
      (moves.length && weights.cluster);
    if (total === 0) return false;
    let dice = random() * total;
    if (requests.length > 0 && (dice -= weights.requests) < 0) this.#deliver(pick(random, requests));
    else if (kinds.length > 0 && (dice -= weights.watches) < 0) {
      this.operator?.cache.deliver(pick(random, kinds));
    } else {
      const move = moves[below(random, moves.length)];
      if (move === undefined) return true;
      this.note(`  ${move.what}`);
      move.run();
    }
    await settle();
    this.check();
    return true;
  }

  /** Up to so many things happen; fewer where nothing is left to happen. */
  async steps(most: number): Promise<number> {
    for (let i = 0; i < most; i++) {
      if (this.violations.length > 0 || !await this.step()) return i;
    }
    return most;
  }

  /** Time passes, and what goes on goes on. */
  async pass(ms: number, stepsEach = MOST_STEPS): Promise<void> {
    const end = this.clock.now() + ms;
    do {
      await settle();
      this.wire.dropLate();
      if (await this.steps(stepsEach) >= MOST_STEPS) return this.wrong("it does not come to rest");
    } while (this.clock.step(end));
    await settle();
    this.wire.dropLate();
  }

  /** The watch of a kind breaks, and everything of it is listed anew. */
  async relist(): Promise<void> {
    const kinds = this.operator?.cache.lagging ?? [];
    if (kinds.length === 0) return;
    this.operator?.cache.relist(pick(this.random, kinds));
    await settle();
  }

  /** From now on nothing is in the way. */
  calm(): void {
    this.weights = { ...EVEN };
    this.trouble.clear();
    this.failing = undefined;
    for (const coder of this.coders.values()) coder.faults.length = 0;
  }

  /** Everybody knows everything, and nothing is on its way. */
  get isQuiet(): boolean {
    return this.wire.pending.length === 0 && this.operator?.cache.lagging.length === 0;
  }

  /** Something is slow, or stands still. */
  disturb(): void {
    const some = () => pick(this.random, [0, 1, 4, 4]);
    this.weights = { requests: pick(this.random, [0, 2, 4, 4]), watches: some(), cluster: some() };
  }

  #deliver(request: Request): void {
    const queue = this.trouble.get(request.to);
    // Nothing conflicts with a read.
    const isConflict = (trouble: Delivery | undefined) =>
      typeof trouble === "object" && (trouble.error as Partial<KubeApiError>).code === 409;
    const fits = request.writes || !isConflict(queue?.[0]);
    const isFailing = request.to === "api" && this.failing?.test(request.what) === true;
    const trouble = isFailing ? REFUSED : fits ? queue?.shift() : undefined;
    const late = request.isAwaited ? "" : ", late";
    const how = typeof trouble === "object"
      ? `${trouble.error.message}${trouble.done ? ", done" : ""}`
      : trouble ?? "";
    this.note(`  ${request.from.name} ${request.to}: ${request.what}${late} ${how}`);
    this.wire.deliver(request, trouble);
  }
}

const call = { method: "", path: "" };

const REFUSED: Delivery = {
  error: new KubeApiError(500, "InternalError", "an admission webhook or etcd does not answer", call),
  done: false,
};

/** What the API server and the way to it may do to a request. */
export const API_TROUBLE: readonly (() => Delivery)[] = [
  () => "refused",
  () => "answer lost",
  () => ({ error: new KubeApiError(409, "Conflict", "the object has been modified", call), done: false }),
  () => ({ error: new KubeApiError(429, "TooManyRequests", "try again later", call, 1_000), done: false }),
  () => ({
    error: new KubeApiError(500, "InternalError", "etcdserver: request timed out", call),
    done: true,
  }),
  () => ({ error: new KubeApiError(500, "InternalError", "etcdserver: leader changed", call), done: false }),
  () => ({ error: new KubeConnectionError("no answer", call, { timedOut: true }), done: true }),
];

/** What Coder may answer to a request. */
export const CODER_FAULTS: readonly (() => CoderFault)[] = [
  () => ({ answer: refuse(429, "You've been rate limited.") }),
  () => ({ answer: refuse(429, "You've been rate limited.", { headers: { "Retry-After": "30" } }) }),
  () => ({ answer: refuse(500, "An internal server error occurred.") }),
  () => ({ instead: refuse(500, "An internal server error occurred.") }),
  () => ({ answer: refuse(404, "Resource not found or you do not have access to this resource") }),
  () => ({ answer: refuse(409, "Conflict.") }),
  () => ({ answer: { status: 502, text: "<html>Bad Gateway</html>" }, foreign: true }),
  () => ({ instead: { status: 502, text: "<html>Bad Gateway</html>" }, foreign: true }),
];
