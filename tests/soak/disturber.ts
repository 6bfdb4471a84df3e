/** Breaks what a plan says, and makes it whole again after the time that it says. */
import { type FaultRule, sleep } from "../cluster/mod.ts";
import type { Scene } from "../faults/scene.ts";
import type { Keeper } from "./keeper.ts";
import type { Coders } from "./coders.ts";
import { CHILDREN, type Disturbance } from "./plan.ts";

/** What makes pods of Deployments, and collects garbage. */
const COMPANIONS = ["controller-manager", "scheduler", "kwok"] as const;
const KINDS = ["codercontrolplanes", ...CHILDREN];

/** Disturbs one scene and its operator. */
export class Disturber {
  /** How many requests, connections and events were hit, by type. */
  readonly hits = new Map<Disturbance["type"], number>();
  #apiServer: Promise<void> = Promise.resolve();
  #operator: Promise<void> = Promise.resolve();
  #coder: Promise<void> = Promise.resolve();
  #windows = new Set<Promise<void>>();
  #failures: unknown[] = [];

  constructor(
    private readonly scene: Scene,
    private readonly keeper: Keeper,
    private readonly signal: AbortSignal,
    /** What is behind the control planes, where that is to break, too. */
    private readonly coders?: Coders,
  ) {}

  /** Begins a disturbance. What it takes down comes back on its own; one outage of a part follows another. */
  begin(disturbance: Disturbance): void {
    const { scene: { cluster, faults }, keeper, signal } = this;
    switch (disturbance.type) {
      case "API server killed":
        this.#apiServer = this.#chain(this.#apiServer, async () => {
          await cluster.kill("apiserver");
          this.#count(disturbance.type, 1);
          await sleep(disturbance.downMs, signal).catch(() => {});
          await cluster.start("apiserver");
          // Its garbage collector waits ever longer for each object after an outage, up to a quarter of an hour. In a
          // cluster with several of them, one that cannot renew its Lease ends, and a new one begins afresh.
          await cluster.restart("controller-manager");
        });
        return;
      case "operator killed":
        this.#operator = this.#chain(this.#operator, async () => {
          await keeper.kill(disturbance.downMs, signal);
          this.#count(disturbance.type, 1);
        });
        return;
      case "watches cut":
        return this.#count(disturbance.type, faults.cutOpen(watches(disturbance)));
      case "watches expired":
        return this.#count(disturbance.type, faults.expireOpen(watches(disturbance)));
      case "watches frozen":
        return this.#window(disturbance, faults.freeze(watches(disturbance)));
      case "requests throttled": {
        const { status, resource, retryAfterSeconds } = disturbance;
        const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
        return this.#window(disturbance, faults.answer(status, { resource }, wait));
      }
      case "requests failed":
        return this.#window(
          disturbance,
          faults.answer(disturbance.status, { resource: disturbance.resource }),
        );
      case "answers lost": {
        const { resource, times } = disturbance;
        // Until the next of its kind has been lost, or the end.
        const rule = faults.loseAnswer({ resource, verb: ["patch", "update", "create"] }, { times });
        return this.#window({ type: disturbance.type, forMs: 20_000 }, rule);
      }
      case "coderd killed": {
        const coderd = this.coders?.coderds[disturbance.coder];
        return this.#outage(
          disturbance.type,
          disturbance.downMs,
          () => coderd?.kill(),
          () => coderd?.start(),
        );
      }
      case "PostgreSQL killed": {
        const postgres = this.coders?.postgres;
        return this.#outage(
          disturbance.type,
          disturbance.downMs,
          () => postgres?.kill(),
          () => postgres?.start(),
        );
      }
      case "PostgreSQL hung": {
        const postgres = this.coders?.postgres;
        return this.#outage(
          disturbance.type,
          disturbance.forMs,
          () => postgres?.pause(),
          () => postgres?.resume(),
        );
      }
    }
  }

  /** One outage behind the control planes follows another: a database that hangs cannot be killed cleanly. */
  #outage(
    type: Disturbance["type"],
    forMs: number,
    begin: () => Promise<void> | undefined,
    end: () => Promise<void> | undefined,
  ): void {
    this.#coder = this.#chain(this.#coder, async () => {
      await begin();
      this.#count(type, 1);
      await sleep(forMs, this.signal).catch(() => {});
      await end();
    });
  }

  /** Makes everything whole: rules are removed, API server and operator are up. @throws where something failed to start */
  async finish(): Promise<void> {
    this.scene.faults.clear();
    await Promise.all([this.#apiServer, this.#operator, this.#coder, ...this.#windows]);
    if (this.#failures.length > 0) {
      throw new AggregateError(
        this.#failures,
        `what was broken could not be made whole: ${this.#failures[0]}`,
      );
    }
    const { cluster } = this.scene;
    await cluster.start("apiserver");
    // Kubernetes' own controllers wait ever longer after each outage. New ones do not, so that how long all takes to
    // become right is the operator's doing.
    if ((this.hits.get("API server killed") ?? 0) > 1) {
      await Promise.all(COMPANIONS.map((part) => cluster.restart(part)));
    }
  }

  #chain(before: Promise<void>, next: () => Promise<void>): Promise<void> {
    return before.then(next).catch((error) => void this.#failures.push(error));
  }

  #window({ type, forMs }: { type: Disturbance["type"]; forMs: number }, rule: FaultRule): void {
    const timer = new AbortController();
    const ended = sleep(forMs, AbortSignal.any([timer.signal, this.signal])).catch(() => {});
    // Whatever ends it first: its time, the end of the run, or the removal of all rules.
    const done = Promise.race([ended, rule.removed]).then(() => {
      timer.abort();
      rule.remove();
      this.#count(type, rule.hits);
      this.#windows.delete(done);
    });
    this.#windows.add(done);
  }

  #count(type: Disturbance["type"], hits: number): void {
    this.hits.set(type, (this.hits.get(type) ?? 0) + hits);
  }
}

function watches({ resource }: { resource?: string }) {
  return { watch: true, resource: resource ?? KINDS };
}
