/** A coordinator with mock workers and a clock that stands still. For tests alone. */
import type { LogFields, Logger } from "../../telemetry/logger.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { PrometheusMetrics } from "../../telemetry/prometheus.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { WorkerRegistry } from "../registry/registry.ts";
import { STANDARD_BLOB_LIMITS } from "../store/blob_rules.ts";
import { MemoryBlobStore } from "../store/memory_blobs.ts";
import { MemorySessionStore } from "../store/memory_store.ts";
import { MockExecutor } from "../testing/mock_executor.ts";
import { type MockWorker, startMockWorker } from "../testing/mock_worker.ts";
import type { WorkerHello } from "../types.ts";
import { WorkerHub } from "../wire/hub.ts";
import { createSessions, type SessionsOptions, type SessionsService } from "./sessions.ts";

export const OWNER = { id: "ann", name: "Ann" };
export const OTHER = { id: "bob", name: "Bob" };
/** When the tests' time begins. */
export const START = Date.parse("2026-11-22T10:00:00Z");

/** A logger that keeps its lines. */
export function keepingLogger(): { readonly log: Logger; readonly lines: (LogFields & { msg: string })[] } {
  const lines: (LogFields & { msg: string })[] = [];
  const keep = (msg: string, fields: LogFields = {}) => void lines.push({ ...fields, msg });
  const log: Logger = { debug() {}, info: keep, warn: keep, error: keep, child: () => log };
  return { log, lines };
}

export class TestWorker {
  constructor(readonly mock: MockWorker) {}

  get executor(): MockExecutor {
    return this.mock.executor;
  }

  /** Names of what it was asked, in order. */
  operations(): string[] {
    return this.executor.tasks.map(({ operation }) => operation);
  }
}

export class Rig implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly store;
  readonly blobs;
  readonly metrics = new PrometheusMetrics();
  readonly registry;
  readonly hub;
  readonly kept = keepingLogger();
  readonly sessions: SessionsService;
  readonly signal = new AbortController().signal;
  readonly options = { signal: this.signal };
  readonly #workers: MockWorker[] = [];
  readonly #services: SessionsService[] = [];
  readonly #given: Partial<SessionsOptions>;

  constructor(given: Partial<SessionsOptions> = {}) {
    this.#given = given;
    const { metrics, clock, kept: { log } } = this;
    this.store = given.store ?? new MemorySessionStore();
    this.blobs = given.blobs ?? new MemoryBlobStore(STANDARD_BLOB_LIMITS, { now: this.now });
    this.registry = new WorkerRegistry({ log, metrics });
    this.hub = new WorkerHub({ listener: this.registry, log: silentLogger, clock, now: this.now });
    this.sessions = this.another();
  }

  readonly now = (): number => START + this.clock.now();

  /** One more coordinator, on the same store and workers. */
  another(given: Partial<SessionsOptions> = {}): SessionsService {
    const { store, blobs, registry, clock, now, metrics, kept: { log } } = this;
    const random = () => 1;
    const service = createSessions({
      store,
      blobs,
      registry,
      clock,
      now,
      metrics,
      log,
      random,
      ...this.#given,
      ...given,
    });
    this.#services.push(service);
    return service;
  }

  /** Starts one, and waits until it is connected. */
  async worker(
    id: string,
    hello: Partial<WorkerHello> = {},
    executor = new MockExecutor(),
  ): Promise<TestWorker> {
    const mock = startMockWorker(this.hub, { id, hello, executor, clock: this.clock, random: () => 0 });
    this.#workers.push(mock);
    await until(() => this.registry.find(id, mock.hello.incarnation)?.isConnected ?? false);
    await settle();
    return new TestWorker(mock);
  }

  /** The value of a metric's line that has all of `parts`; 0 where there is none. */
  async metric(...parts: readonly string[]): Promise<number> {
    const lines = (await this.metrics.text()).split("\n");
    const line = lines.find((line) => !line.startsWith("#") && parts.every((part) => line.includes(part)));
    return Number(line?.split(" ").at(-1) ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const service of this.#services) await service.shutDown();
    for (const worker of this.#workers) await worker.stop().catch(() => {});
    this.hub.close("the test is over");
  }
}

/** Waits for a condition, by turns of the event loop. */
export async function until(condition: () => boolean | Promise<boolean>, turns = 2_000): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    if (await condition()) return;
    await settle();
  }
  throw new Error("what was waited for did not come");
}
