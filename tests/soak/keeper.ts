/** Keeps an operator process running, as a kubelet would, and remembers what must not happen to it. */
import { sleep } from "../cluster/mod.ts";
import { sampleOf } from "../faults/metrics.ts";
import { type OperatorProcess, startOperator } from "../operator/process.ts";
import { mistakesIn } from "./log_lines.ts";

/** How it shall run. */
export interface KeeperOptions {
  kubeconfig: string;
  args?: readonly string[];
  /** A compiled binary; absent means from source. */
  binary?: string;
  /** Where its log goes, a path. @default nowhere */
  logFile?: string;
  /** From one look at memory and panics to the next, in milliseconds. @default {1_000} */
  lookEveryMs?: number;
}

/** An operator process with successors. Dispose of it to end the last one in order. */
export class Keeper implements AsyncDisposable {
  /** What went wrong, in words. */
  readonly problems: string[] = [];
  /** Lines of the logs of all processes so far. */
  lines = 0;
  /** Times that a process was started. */
  starts = 0;
  /** The most that one process took, in bytes. */
  peak = 0;
  /** Passes that failed through a mistake in the program, as far as they were seen. */
  panics = 0;
  #current: OperatorProcess | undefined;
  /** Those that were told to end. */
  #told = new WeakSet<OperatorProcess>();
  /** Of the process that was looked at last. */
  #seen = { pid: 0, panics: 0 };
  #log: Deno.FsFile | undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = new AbortController();

  private constructor(private readonly options: KeeperOptions) {}

  /** Starts the first process. Does not wait until it is ready. */
  static async start(options: KeeperOptions): Promise<Keeper> {
    const keeper = new Keeper(options);
    if (options.logFile !== undefined) {
      keeper.#log = await Deno.open(options.logFile, { create: true, write: true, truncate: true });
    }
    await keeper.#start();
    keeper.#looking = keeper.#lookOften();
    return keeper;
  }

  /** The process that runs now. @throws while none does */
  get operator(): OperatorProcess {
    if (this.#current === undefined) throw new Error("the operator is down");
    return this.#current;
  }

  /** SIGKILL, and a new process after a while; nothing where none runs. @param downMs in milliseconds */
  async kill(downMs: number, signal?: AbortSignal): Promise<void> {
    const operator = this.#current;
    if (operator === undefined) return;
    this.#told.add(operator);
    await operator.stop("SIGKILL");
    this.#current = undefined;
    // The end of a run cuts the pause short; the next process is needed all the same.
    await sleep(downMs, signal).catch(() => {});
    await this.#start();
  }

  /** Notes memory and panics of the process that runs now. @throws while it cannot be asked */
  async look(): Promise<void> {
    const { operator } = this;
    this.peak = Math.max(this.peak, operator.memory().peak);
    const panics = sampleOf(await operator.metrics(), "controller_runtime_reconcile_panics_total");
    const before = this.#seen.pid === operator.pid ? this.#seen.panics : 0;
    this.#seen = { pid: operator.pid, panics };
    this.panics += panics - before;
  }

  /** Resident memory now, in bytes. */
  memory(): number {
    return this.operator.memory().rss;
  }

  /** Ends the process in order; that it does so within its time is part of what is checked. */
  async stop(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    if (this.#current !== undefined) {
      this.#told.add(this.#current);
      const code = await this.#current.stop("SIGTERM", 40_000);
      if (code !== 0) this.problems.push(`the operator was told to end and ended with exit code ${code}`);
    }
    await this.#looking;
    this.#log?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #start(): Promise<void> {
    const { kubeconfig, args = [], binary } = this.options;
    const encoder = new TextEncoder();
    const operator = await startOperator({
      kubeconfig,
      args,
      ...(binary === undefined ? {} : { binary }),
      onLine: (line) => {
        this.lines++;
        this.problems.push(...mistakesIn(line));
        this.#log?.writeSync(encoder.encode(`${line}\n`));
      },
    });
    this.starts++;
    this.#current = operator;
    void operator.ended.then(async (code) => {
      if (this.#told.has(operator)) return;
      const last = operator.lines.slice(-5).join("\n    ");
      this.problems.push(`the operator ended by itself with exit code ${code}; its last lines:\n    ${last}`);
      this.#current = undefined;
      if (!this.#closed.signal.aborted) await this.#start();
    });
  }

  /** Looks every now and then. A process that is down, or only just starting, cannot be asked. */
  async #lookOften(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      await sleep(this.options.lookEveryMs ?? 1_000, signal).catch(() => {});
      await this.look().catch(() => {});
    }
  }
}
