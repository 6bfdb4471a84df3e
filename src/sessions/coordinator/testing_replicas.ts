/** Several coordinators on one store, and mock workers that dial all of them, under a clock that stands still. For tests alone. */
import { silentLogger } from "../../telemetry/logger.ts";
import { PrometheusMetrics } from "../../telemetry/prometheus.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { WorkerRegistry } from "../registry/registry.ts";
import { STANDARD_BLOB_LIMITS } from "../store/blob_rules.ts";
import { MemoryBlobStore } from "../store/memory_blobs.ts";
import { MemorySightings } from "../store/memory_sightings.ts";
import { MemorySessionStore } from "../store/memory_store.ts";
import { MockExecutor } from "../testing/mock_executor.ts";
import { mockHello, MockWorker } from "../testing/mock_worker.ts";
import type { WorkerHello } from "../types.ts";
import { WorkerHub } from "../wire/hub.ts";
import { LocalDoor } from "../wire/local_door.ts";
import { createSessions, type SessionsService } from "./sessions.ts";
import type { SessionSettings } from "./settings.ts";
import { keepingLogger, START, until } from "./testing.ts";

/** One coordinator's process. */
export interface Replica {
  readonly hub: WorkerHub;
  readonly registry: WorkerRegistry;
  readonly sessions: SessionsService;
  readonly metrics: PrometheusMetrics;
  isUp: boolean;
}

/** One process of a worker, with a link to each coordinator. */
export class ReplicatedWorker {
  /** By coordinator. */
  readonly links: { readonly mock: MockWorker; readonly door: LocalDoor }[] = [];

  constructor(
    readonly id: string,
    readonly hello: WorkerHello,
    readonly executor: MockExecutor,
  ) {}

  /** The way to one coordinator breaks, or is there again. */
  cut(replica: number, isCut = true): void {
    const { door } = this.links[replica]!;
    door.isCut = isCut;
    if (isCut) door.breakStream();
  }

  /** As `kill -9`. */
  async vanish(): Promise<void> {
    await Promise.all(this.links.map(({ mock }) => mock.vanish()));
  }

  /** It ends, and says farewell to all. */
  async stop(): Promise<void> {
    await Promise.all(this.links.map(({ mock }) => mock.stop()));
  }
}

export class Replicas implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly store;
  readonly blobs;
  readonly sightings;
  readonly kept = keepingLogger();
  readonly signal = new AbortController().signal;
  readonly options = { signal: this.signal };
  /** How far the clock of each coordinator is ahead, milliseconds. */
  readonly skews: readonly number[];
  readonly all: Replica[] = [];
  readonly workers = new Set<ReplicatedWorker>();
  readonly #settings: Partial<SessionSettings>;
  readonly #random: () => number;

  constructor(
    { skews = [0, 0], settings = {}, random = () => 1, store = new MemorySessionStore() }: {
      readonly skews?: readonly number[];
      readonly settings?: Partial<SessionSettings>;
      readonly random?: () => number;
      readonly store?: MemorySessionStore;
    } = {},
  ) {
    this.skews = skews;
    this.#settings = settings;
    this.#random = random;
    this.store = store;
    this.blobs = new MemoryBlobStore(STANDARD_BLOB_LIMITS, { now: this.now });
    this.sightings = new MemorySightings({ now: this.now });
    for (const skew of skews) this.all.push(this.#replica(skew));
  }

  readonly now = (): number => START + this.clock.now();

  #replica(skew: number): Replica {
    const { store, blobs, sightings, clock, kept: { log } } = this;
    const now = () => this.now() + skew;
    const metrics = new PrometheusMetrics();
    const registry = new WorkerRegistry({ log, metrics });
    const hub = new WorkerHub({ listener: registry, log: silentLogger, clock, now });
    const settings = this.#settings;
    const random = this.#random;
    const sessions = createSessions({
      store,
      blobs,
      sightings,
      registry,
      settings,
      clock,
      now,
      random,
      metrics,
      log,
    });
    return { hub, registry, sessions, metrics, isUp: true };
  }

  /** Starts a worker's process. */
  begin(id: string, hello: Partial<WorkerHello> = {}, executor = new MockExecutor()): ReplicatedWorker {
    const worker = new ReplicatedWorker(id, mockHello(hello), executor);
    for (const replica of this.all) this.#link(worker, replica);
    this.workers.add(worker);
    return worker;
  }

  /** Starts one, and waits until every coordinator has it. */
  async worker(
    id: string,
    hello: Partial<WorkerHello> = {},
    executor = new MockExecutor(),
  ): Promise<ReplicatedWorker> {
    const worker = this.begin(id, hello, executor);
    for (const index of this.all.keys()) await this.untilThere(worker, index);
    return worker;
  }

  async untilThere({ id, hello }: ReplicatedWorker, replica: number): Promise<void> {
    const { registry } = this.all[replica]!;
    await until(() => registry.find(id, hello.incarnation)?.isConnected ?? false);
    await settle();
  }

  #link({ id, hello, executor, links }: ReplicatedWorker, { hub, isUp }: Replica, at = links.length): void {
    const door = new LocalDoor(hub, id);
    door.isCut = !isUp;
    links[at] = {
      door,
      mock: new MockWorker(door, { id, hello, executor, clock: this.clock, random: () => 0.5 }),
    };
  }

  /** As `kill -9`: what it was at ends there. */
  async kill(replica: number): Promise<void> {
    const { hub, sessions } = this.all[replica]!;
    this.all[replica]!.isUp = false;
    for (const { links } of this.workers) await links[replica]!.mock.vanish();
    const shut = sessions.shutDown();
    hub.close("the coordinator was killed");
    await shut;
  }

  /** Starts it again: it knows what the store knows. Workers that are there dial it. */
  restart(replica: number): void {
    this.all[replica] = this.#replica(this.skews[replica]!);
    for (const worker of this.workers) this.#link(worker, this.all[replica]!, replica);
  }

  /** One that has gone is dialled by nobody any more. */
  forget(worker: ReplicatedWorker): void {
    this.workers.delete(worker);
  }

  /** The value of a metric's line that has all of `parts`, of all coordinators together. */
  async metric(...parts: readonly string[]): Promise<number> {
    let sum = 0;
    for (const { metrics } of this.all) {
      const lines = (await metrics.text()).split("\n");
      const line = lines.find((line) => !line.startsWith("#") && parts.every((part) => line.includes(part)));
      sum += Number(line?.split(" ").at(-1) ?? 0);
    }
    return sum;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { sessions } of this.all) await sessions.shutDown();
    for (const worker of this.workers) await worker.vanish().catch(() => {});
    for (const { hub } of this.all) hub.close("the test is over");
  }
}
