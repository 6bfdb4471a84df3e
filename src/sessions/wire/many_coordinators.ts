/** A worker at several coordinators: one link to each, which all give tasks to the same executor. */
import { sleep, systemClock, whenAborted } from "../../telemetry/clock.ts";
import { type Gauge, type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import { createGrpcDoor, type WorkerClientOptions } from "./client.ts";
import { type CoordinatorAddress, parseCoordinatorAddresses } from "./coordinator_address.ts";
import type { CoordinatorDoor } from "./door.ts";
import { type LookUp, systemLookUp, targetsOf } from "./look_up.ts";
import { SharedDoor } from "./shared_door.ts";
import { WireError } from "./wire_error.ts";
import { connectedGauge, type WorkerClient, WorkerLoop } from "./worker_loop.ts";

export interface WorkerLinksOptions
  extends Omit<WorkerClientOptions, "url" | "token" | "connected" | "mayLeave"> {
  /** As `parseCoordinatorAddresses` reads it. A name with several addresses is a coordinator at each of them. */
  readonly urls: string;
  /** The worker's token at the coordinators of one address, asked for each call. */
  readonly token: (url: string) => () => string | Promise<string>;
  /** Names are looked up elsewhere, by a proxy. @default {false} */
  readonly isProxied?: boolean | undefined;
  /** @default {the machine's resolver} */
  readonly lookUp?: LookUp | undefined;
  /** Between two looks at names, milliseconds. @default 30_000 */
  readonly lookUpEveryMs?: number | undefined;
  /** @default {over gRPC} */
  readonly makeDoor?: ((address: CoordinatorAddress) => CoordinatorDoor) | undefined;
}

/** All links of a worker together. Connected: to one coordinator at least. */
export interface WorkerLinks extends WorkerClient {
  /** Coordinators that there are, as far as is known, and those of them with a stream. */
  readonly count: { readonly known: number; readonly connected: number };
}

/** After a stream was lost names are looked up so often, milliseconds, and for so long: another may be in its place. */
const SOON_MS = 3_000;
const SOON_FOR_MS = 60_000;
const LOOK_UP_MS = 10_000;
/** Before a coordinator that has refused this worker is asked again, while others take it. */
const REFUSED_WAIT_MS = 30_000;

/** Makes it; nothing is asked before `run`. @throws {WireError} `invalid` where an address cannot be one, or must not be */
export function createWorkerLinks(options: WorkerLinksOptions): WorkerLinks {
  return new ManyCoordinators(options);
}

interface Link {
  readonly address: CoordinatorAddress;
  readonly door: SharedDoor;
  readonly loop: WorkerLoop;
  readonly stop: AbortController;
  /** Never rejects. */
  running: Promise<void>;
  /** Of its coordinator, once it has registered there. */
  registration: string;
  /** Nothing runs of its coordinator's while this worker drains. */
  mayLeave: boolean;
}

class ManyCoordinators implements WorkerLinks {
  readonly #options: WorkerLinksOptions;
  readonly #addresses: readonly CoordinatorAddress[];
  readonly #links = new Set<Link>();
  readonly #stop = new AbortController();
  /** By target: when one that has refused is asked again, by the clock. */
  readonly #refused = new Map<string, { readonly until: number; readonly error: unknown }>();
  readonly #waiting = new Set<() => void>();
  readonly #connected: Gauge;
  readonly #gauge: Gauge;
  #shown = "";
  #isDraining = false;
  #lostAt = -Infinity;
  #wake = Promise.withResolvers<void>();

  constructor(options: WorkerLinksOptions) {
    this.#options = options;
    this.#addresses = parseCoordinatorAddresses(options.urls, options.allowInsecure);
    const metrics: Metrics = options.metrics ?? noMetrics;
    this.#connected = connectedGauge(metrics);
    this.#gauge = metrics.gauge(
      "worker_coordinators",
      "Coordinators that this worker knows, by whether it has a stream to them",
      ["state"],
    );
    this.#show();
  }

  get isConnected(): boolean {
    return this.count.connected > 0;
  }

  get count(): { readonly known: number; readonly connected: number } {
    const connected = [...this.#links].filter(({ loop }) => loop.isConnected).length;
    return { known: Math.max(this.#links.size + this.#refused.size, 1), connected };
  }

  async run(signal: AbortSignal): Promise<void> {
    const stop = AbortSignal.any([signal, this.#stop.signal]);
    try {
      while (!stop.aborted && !this.#isDraining) {
        await this.#look(stop);
        await this.#pause(stop);
      }
      // Those that drain end by themselves, the last of them as well.
      await Promise.race([Promise.all([...this.#links].map(({ running }) => running)), whenAborted(stop)]);
    } catch (error) {
      if (!stop.aborted) this.#stop.abort(error);
    } finally {
      for (const link of this.#links) link.stop.abort();
      await Promise.all([...this.#links].map(({ running }) => running));
    }
    if (this.#stop.signal.aborted && !signal.aborted) throw this.#stop.signal.reason;
  }

  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    for (const { loop } of this.#links) loop.drain();
    this.#wake.resolve();
  }

  /** Looks up all names, dials what is new, and lets go of what is lost and is not there any more. */
  async #look(stop: AbortSignal): Promise<void> {
    const { log, lookUp = systemLookUp, isProxied = false } = this.#options;
    const limit = AbortSignal.any([stop, AbortSignal.timeout(LOOK_UP_MS)]);
    const wanted = new Map<string, CoordinatorAddress>();
    await Promise.all(this.#addresses.map(async (address) => {
      const { targets, error } = await targetsOf(address, { lookUp, isProxied, signal: limit }).catch(
        (error) => ({ targets: [address], error }),
      );
      if (error !== undefined && !stop.aborted) {
        log.warn("the name of a coordinator could not be looked up", { coordinator: address.text, error });
      }
      const known = error === undefined ? [] : this.#targetsOf(address);
      // What was known of it stays so while nobody can say.
      if (known.length > 0) { for (const target of known) wanted.set(target, address); }
      else for (const target of targets) wanted.set(target.target, target);
    }));
    if (stop.aborted || this.#isDraining) return;
    for (const link of [...this.#links]) {
      const isThere = link.door.keep((target) => wanted.has(target));
      // One that is connected goes on: whoever takes it out of the name lets it finish.
      if (isThere || link.loop.isConnected) continue;
      log.info("a coordinator is gone, and is not dialled any more", { coordinator: link.door.address });
      this.#drop(link);
    }
    const known = new Set([...this.#links].flatMap(({ door }) => door.targets));
    for (const target of this.#refused.keys()) if (!wanted.has(target)) this.#refused.delete(target);
    for (const [target, address] of wanted) {
      if (known.has(target) || (this.#refused.get(target)?.until ?? 0) > this.#now()) continue;
      this.#refused.delete(target);
      this.#begin(address);
    }
  }

  /** What is dialled by now for a name. */
  #targetsOf({ target: name }: CoordinatorAddress): readonly string[] {
    return [...this.#links].filter(({ address }) => nameOf(address) === name).flatMap(({ door }) =>
      door.targets
    );
  }

  #begin(address: CoordinatorAddress): void {
    const { target } = address;
    const stop = new AbortController();
    const door = new SharedDoor(target, this.#door(address), {
      registered: (registration) => this.#registered(link, registration),
      lost: () => {
        this.#lostAt = this.#now();
        this.#wake.resolve();
      },
    });
    const loop = new WorkerLoop(door, {
      ...this.#options,
      connected: { set: () => this.#show(), inc() {}, dec() {}, remove() {} },
      mayLeave: (signal) => this.#mayLeave(link, signal),
    });
    const running = Promise.resolve();
    const link: Link = { address, door, loop, stop, running, registration: "", mayLeave: false };
    this.#links.add(link);
    link.running = loop.run(stop.signal).then(
      () => this.#ended(link),
      (error) => {
        this.#ended(link);
        this.#failed(target, error);
      },
    );
    this.#show();
  }

  #door(address: CoordinatorAddress): CoordinatorDoor {
    const { makeDoor, token, ...options } = this.#options;
    if (makeDoor !== undefined) return makeDoor(address);
    const url = `${address.isTls ? "https" : "http"}://${nameOf(address)}`;
    return createGrpcDoor({ ...options, url, token: token(url) }, address);
  }

  /** @throws {WireError} where its coordinator is one that this worker has a link to already */
  #registered(link: Link, registration: string): void {
    link.registration = registration;
    const other = [...this.#links].find((each) => each !== link && each.registration === registration);
    if (other === undefined) return;
    // Of two links to one coordinator each would take the stream of the other.
    const { text } = link.address;
    const coordinator = other.door.address;
    this.#options.log.info("two addresses are of one coordinator", { coordinator, address: text });
    this.#drop(link);
    for (const target of link.door.targets) other.door.add(target, this.#door({ ...link.address, target }));
    throw new WireError(
      "unavailable",
      `${text} is the coordinator ${coordinator}, which has this worker already`,
    );
  }

  /** Without a farewell: the worker goes on. */
  #drop(link: Link): void {
    link.door.isDropped = true;
    this.#links.delete(link);
    link.stop.abort();
    this.#show();
  }

  #ended(link: Link): void {
    this.#links.delete(link);
    this.#show();
    for (const wake of [...this.#waiting]) wake();
  }

  /** A coordinator has refused this worker. Others may take it, unless another process has its name. */
  #failed(target: string, error: unknown): void {
    const isOfAll = error instanceof WireError && error.code === "superseded";
    this.#refused.set(target, { until: this.#now() + REFUSED_WAIT_MS, error });
    if (isOfAll || this.#links.size === 0) this.#stop.abort(error);
    else this.#options.log.error("a coordinator refuses this worker; others go on", { error });
  }

  /** Resolves once all coordinators have what they asked for, so that none takes it for gone before. */
  async #mayLeave(link: Link, signal: AbortSignal): Promise<void> {
    link.mayLeave = true;
    for (const wake of [...this.#waiting]) wake();
    const all = Promise.withResolvers<void>();
    const look = () => {
      if ([...this.#links].every(({ mayLeave }) => mayLeave)) all.resolve();
    };
    this.#waiting.add(look);
    look();
    await Promise.race([all.promise, whenAborted(signal)]);
    this.#waiting.delete(look);
  }

  /** Until it is time to look up names again. */
  async #pause(stop: AbortSignal): Promise<void> {
    const { clock = systemClock, lookUpEveryMs = 30_000 } = this.#options;
    const isSoon = this.#now() - this.#lostAt < SOON_FOR_MS;
    const ended = new AbortController();
    const either = AbortSignal.any([stop, ended.signal]);
    await Promise.race([
      sleep(isSoon ? Math.min(SOON_MS, lookUpEveryMs) : lookUpEveryMs, either, clock),
      this.#wake.promise,
    ]);
    ended.abort();
    this.#wake = Promise.withResolvers();
  }

  #show(): void {
    const { known, connected } = this.count;
    this.#connected.set({}, connected > 0 ? 1 : 0);
    this.#gauge.set({ state: "connected" }, connected);
    this.#gauge.set({ state: "away" }, known - connected);
    const text = `connected to ${connected} of ${known} coordinators`;
    if (text !== this.#shown && known > 1) this.#options.log.info(text, { connected, known });
    this.#shown = text;
  }

  #now(): number {
    return (this.#options.clock ?? systemClock).now();
  }
}

/** As it was written, with a port. */
function nameOf({ target, authority }: CoordinatorAddress): string {
  return authority ?? target;
}
