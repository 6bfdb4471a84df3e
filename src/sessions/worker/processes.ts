/** The processes of one session, by their handles: those that run, and for a while those that have ended. */
import { type Clock, LONGEST_TIMER_MS, systemClock } from "../../telemetry/clock.ts";
import type { FoundProcess, Sandbox, SpawnSpec } from "../sandbox/types.ts";
import { type Limits, SessionError } from "../types.ts";
import { ENDED_MS, MOST_ENDED, MOST_ENDED_OUTPUTS } from "./kept.ts";
import { Process, type Stream } from "./process.ts";

/** How many that run at once may each have kept all that a process may; of those that begin later less is kept. */
const FULL_OUTPUTS = 16;
const LEAST_OUTPUT = 16_384;

export interface StartSpec {
  readonly argv: readonly string[];
  /** For people; what they have asked for. */
  readonly command: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array;
  /** Its input stays open after `stdin`. */
  readonly interactive: boolean;
  readonly timeoutMs: number;
  /** Sees output before it is kept, and says what is. */
  readonly filter?: ((stream: Stream, bytes: Uint8Array) => Uint8Array) | undefined;
  /** Called with what is kept. */
  readonly onOutput?: ((stream: Stream, bytes: Uint8Array) => void) | undefined;
}

export interface ProcessesOptions {
  readonly sandbox: Sandbox;
  readonly limits: Limits;
  /** The number before that of the first: handles of the session's time at another worker must not be taken for these. @default 0 */
  readonly after?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly onOutput?: ((stream: Stream, bytes: number) => void) | undefined;
  readonly onEnd?: ((process: Process) => void) | undefined;
}

export class Processes {
  readonly #options: ProcessesOptions;
  readonly #known = new Map<string, Process>();
  /** Those of them that others have started. */
  readonly #found = new WeakSet<Process>();
  readonly #starting = new Set<Promise<unknown>>();
  readonly #before: number;
  #last: number;
  #pauses = 0;

  constructor(options: ProcessesOptions) {
    this.#options = options;
    this.#last = this.#before = options.after ?? 0;
    options.sandbox.shared?.follow((found) => this.#adopt(found));
  }

  /** Starts one. Rejects with `SessionError`, and with the reason of `signal`; then nothing is left of it. */
  async start(spec: StartSpec, signal: AbortSignal): Promise<Process> {
    const { sandbox } = this.#options;
    if (this.#pauses > 0) {
      throw new SessionError(
        "conflict",
        `the files of session ${sandbox.id} are being replaced: try again after that`,
      );
    }
    const starting = this.#start(spec, signal);
    this.#starting.add(starting);
    try {
      return await starting;
    } finally {
      this.#starting.delete(starting);
    }
  }

  async #start(spec: StartSpec, signal: AbortSignal): Promise<Process> {
    const { sandbox, limits, clock = systemClock, onOutput } = this.#options;
    const { shared } = sandbox;
    const mine = shared === undefined ? `proc-${++this.#last}` : "";
    const { command, timeoutMs, filter } = spec;
    const outputBytes = outputShare(limits.outputBytes, this.running + this.#starting.size);
    const process = new Process({
      command,
      outputBytes,
      timeoutMs: shared === undefined ? timeoutMs : 0,
      clock,
    });
    const running = await sandbox.spawn({
      argv: spec.argv,
      cwd: spec.cwd,
      env: spec.env,
      onOutput: (stream, bytes) => {
        onOutput?.(stream, bytes.length);
        const kept = filter === undefined ? bytes : filter(stream, bytes);
        process.output(stream, kept);
        spec.onOutput?.(stream, kept);
      },
      onLost: (stream, bytes) => process.lost(stream, bytes),
      ...(shared === undefined ? {} : { shared: { command, timeoutMs } }),
    }, signal);
    const name = running.number === undefined ? mine : nameOf(running.number);
    this.#known.set(name, process);
    void process.began(name, running).then(() => {
      this.#options.onEnd?.(process);
      this.prune();
    });
    if (spec.stdin.length > 0) {
      // It may not read it, and end.
      process.write(spec.stdin, signal).catch(() => {});
    }
    if (!spec.interactive) process.closeInput();
    return process;
  }

  #adopt(found: FoundProcess): Pick<SpawnSpec, "onOutput" | "onLost"> {
    const { limits, clock = systemClock } = this.#options;
    const { command, ageMs, number } = found;
    const outputBytes = outputShare(limits.outputBytes, this.running + this.#starting.size);
    const process = new Process({ command, outputBytes, timeoutMs: 0, ageMs, clock });
    const name = nameOf(number);
    this.#known.set(name, process);
    this.#found.add(process);
    void process.began(name, found).then(() => this.prune());
    if (found.inputIsClosed) process.closeInput();
    return {
      onOutput: (stream, bytes) => process.output(stream, bytes),
      onLost: (stream, bytes) => process.lost(stream, bytes),
    };
  }

  /**
   * As {@linkcode get}, also where somebody else has started it, or knows more of it: `is` says whether what is known here
   * will do. Rejects with `SessionError`, and with the reason of `signal`.
   */
  async find(
    name: string,
    signal: AbortSignal,
    is: (process: Process) => boolean = () => true,
  ): Promise<Process> {
    const { shared } = this.#options.sandbox;
    if (shared !== undefined) {
      const process = this.#known.get(name);
      const isOwn = process !== undefined && !this.#found.has(process);
      if (!isOwn || !shared.isCurrent || !is(process)) await shared.refresh(signal);
    }
    return this.get(name);
  }

  /** Looks which there are, where others start some, too. Rejects with `SessionError`, and with the reason of `signal`. */
  async refresh(signal: AbortSignal): Promise<void> {
    await this.#options.sandbox.shared?.refresh(signal);
  }

  /** @throws {SessionError} `not_found` */
  get(name: string): Process {
    this.prune();
    const process = this.#known.get(name);
    if (process !== undefined) return process;
    const number = Number(name.slice("proc-".length));
    const { shared } = this.#options.sandbox;
    if (shared !== undefined && number <= shared.before) {
      throw new SessionError(
        "not_found",
        `${name} is not here: the workspace was started anew since, or nobody used the session for too long; its processes ` +
          "have ended",
      );
    }
    const last = shared?.last ?? this.#last;
    const before = shared?.before ?? this.#before;
    if (shared === undefined && this.#before > 0 && number <= this.#before) {
      throw new SessionError(
        "not_found",
        `${name} is not here: the session has moved to this worker with its files, and its processes have ended`,
      );
    }
    throw new SessionError(
      "not_found",
      number <= last
        ? `${name} has ended, and what it left is kept no more: it is kept for ${
          ENDED_MS / 60_000
        } minutes, of the last ` +
          `${MOST_ENDED} processes`
        : `there is no ${name} in this session: ${
          last === before ? "it has started none" : `its last was ${nameOf(last)}`
        }`,
    );
  }

  /** All that are known, oldest first. */
  list(): readonly Process[] {
    this.prune();
    return [...this.#known.values()];
  }

  get running(): number {
    let count = 0;
    for (const process of this.#known.values()) if (process.isRunning) count++;
    return count;
  }

  /** Does `work` while none runs: all are ended before, and none is started meanwhile (`conflict`). */
  async without<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    this.#pauses++;
    try {
      await this.#endAll(signal);
      signal.throwIfAborted();
      return await work();
    } finally {
      this.#pauses--;
    }
  }

  async #endAll(signal: AbortSignal): Promise<void> {
    await Promise.allSettled(this.#starting);
    const running = [...this.#known.values()].filter((process) => process.isRunning);
    for (const process of running) process.signal("SIGKILL");
    await Promise.all(running.map((process) => process.wait(LONGEST_TIMER_MS, signal)));
    const { sandbox } = this.#options;
    // Where nothing isolates the session, this would end processes of others: in a workspace, the agent.
    if (sandbox.isolation === "none" || sandbox.isolation === "workspace" || this.#last === 0) return;
    const daemons = await sandbox.spawn({
      argv: ["sh", "-c", "kill -9 -1"],
      cwd: ".",
      env: {},
      onOutput: () => {},
    }, signal);
    await daemons.exited;
  }

  /** Lets go of what has ended too long ago, or is too much. */
  prune(): void {
    const ended = [...this.#known.values()].filter((process) => !process.isRunning)
      .sort((a, b) => a.endedFor - b.endedFor);
    let held = 0;
    for (const [place, process] of ended.entries()) {
      held += process.held;
      const isTooMuch = place > 0 && held > MOST_ENDED_OUTPUTS * this.#options.limits.outputBytes;
      if (place >= MOST_ENDED || process.endedFor > ENDED_MS || isTooMuch) this.#known.delete(process.name);
    }
  }
}

function nameOf(number: number): string {
  return `proc-${number}`;
}

/** What is kept here is the worker's memory: a session with many processes has not that much of it for each. */
function outputShare(most: number, running: number): number {
  if (running < FULL_OUTPUTS) return most;
  return Math.max(Math.min(most, LEAST_OUTPUT), Math.floor(most * FULL_OUTPUTS / (running + 1)));
}
