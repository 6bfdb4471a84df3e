/** A worker without sandboxes, linked in memory or over gRPC, that fails where a test wants it to. For tests alone. */
import { OPERATIONS } from "../operations.ts";
import type { WorkerBinding } from "../link.ts";
import type { WorkerHello } from "../types.ts";
import type { CoordinatorDoor } from "../wire/door.ts";
import type { WorkerHub } from "../wire/hub.ts";
import { LocalDoor } from "../wire/local_door.ts";
import { WorkerLoop, type WorkerLoopOptions } from "../wire/worker_loop.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { MockExecutor } from "./mock_executor.ts";

export interface MockWorkerOptions extends Partial<Omit<WorkerLoopOptions, "hello" | "executor">> {
  /** @default {"mock"} */
  readonly id?: string | undefined;
  /** See `WorkerConnection.binding`; of one that is linked in memory. */
  readonly binding?: WorkerBinding | undefined;
  /** What differs from the usual. */
  readonly hello?: Partial<WorkerHello> | undefined;
  readonly executor?: MockExecutor | undefined;
}

let incarnations = 0;

/** What a mock worker says of itself, unless told otherwise. */
export function mockHello(hello: Partial<WorkerHello> = {}): WorkerHello {
  return {
    incarnation: `mock-${++incarnations}`,
    version: "mock",
    labels: {},
    capabilities: OPERATIONS.map(({ name }) => name),
    isolation: "namespaces",
    capacity: 100,
    sharedStorage: "",
    ...hello,
  };
}

/** One process of a worker. */
export class MockWorker {
  readonly id: string;
  readonly executor: MockExecutor;
  readonly hello: WorkerHello;
  /** Resolves when it has ended; rejects as `WorkerClient.run` does. */
  readonly ended: Promise<void>;
  readonly #loop: WorkerLoop;
  readonly #stop = new AbortController();
  readonly #door: CoordinatorDoor;

  /** Starts it. `door`: from `localDoor`, or one over gRPC. */
  constructor(door: CoordinatorDoor, { id = "mock", hello, executor, ...options }: MockWorkerOptions = {}) {
    this.id = id;
    this.#door = door;
    this.executor = executor ?? new MockExecutor();
    this.hello = mockHello(hello);
    this.#loop = new WorkerLoop(door, {
      log: silentLogger,
      ...options,
      hello: this.hello,
      executor: this.executor,
    });
    this.ended = this.#loop.run(this.#stop.signal);
    // Whoever wants to know looks at `ended`.
    this.ended.catch(() => {});
  }

  get isConnected(): boolean {
    return this.#loop.isConnected;
  }

  /** Takes no new sessions, finishes, and ends. */
  drain(): Promise<void> {
    this.#loop.drain();
    return this.ended;
  }

  /** As on SIGTERM that is not waited for: stops its tasks, says farewell, ends. */
  stop(): Promise<void> {
    this.#stop.abort();
    return this.ended;
  }

  /** Breaks its stream; it opens another. Nothing of what it has taken is lost. In memory alone. */
  breakStream(): void {
    this.#local().breakStream();
  }

  /** As `kill -9`: it is never heard of again, and says nothing. In memory alone. */
  vanish(): Promise<void> {
    const door = this.#local();
    door.isCut = true;
    door.breakStream();
    return this.stop();
  }

  #local(): LocalDoor {
    if (this.#door instanceof LocalDoor) return this.#door;
    throw new Error("this is possible with a mock worker that is linked in memory alone");
  }
}

/** Starts one in this process. Another one of the same id takes its place, as where a worker is started again. */
export function startMockWorker(hub: WorkerHub, options: MockWorkerOptions = {}): MockWorker {
  return new MockWorker(new LocalDoor(hub, options.id ?? "mock", options.binding), options);
}
