/** One process of a session: its output as it comes, its end, and whoever waits for either. */
import { type Clock, systemClock } from "../../telemetry/clock.ts";
import type { z } from "zod";
import type { processOutput, ProcessState } from "../operations.ts";
import type { SandboxExit, SandboxProcess } from "../sandbox/types.ts";
import { SessionError } from "../types.ts";
import { OutputBuffer } from "./output_buffer.ts";
import { shownText } from "./shown_text.ts";

export type Stream = "stdout" | "stderr";

/** Milliseconds between SIGTERM and SIGKILL. */
export const KILL_GRACE_MS = 2_000;

/** What it was started as. */
export interface ProcessFacts {
  readonly command: string;
  /** Bytes of each stream that are kept. */
  readonly outputBytes: number;
  /** 0: it may run for ever, or whoever runs it sees to that. */
  readonly timeoutMs: number;
  /** Milliseconds that it has run already. @default 0 */
  readonly ageMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

export type ProcessEnd = SandboxExit;

/** What is found out of it once it has ended, for calls that come then. Rejects with the reason of `signal`. */
export type Aftermath = (signal: AbortSignal) => Promise<Partial<z.output<typeof processOutput.output>>>;

/** Made before the process is started: its output may be faster than the word that it was. */
export class Process {
  /** `proc-1`, …; empty before it runs. */
  name = "";
  readonly command: string;
  readonly startedAt: Date;
  readonly stdout: OutputBuffer;
  readonly stderr: OutputBuffer;
  readonly #clock: Clock;
  readonly #began: number;
  readonly #timeoutMs: number;
  readonly #waiting = new Set<() => void>();
  #running: SandboxProcess | undefined;
  #end: ProcessEnd | undefined;
  #endedAt = 0;
  #durationMs = 0;
  #hasTimedOut = false;
  #inputIsOpen = true;
  #cancelTimer = () => {};
  #aftermath: Aftermath | undefined;

  constructor(facts: ProcessFacts) {
    this.command = facts.command;
    this.#clock = facts.clock ?? systemClock;
    this.#began = this.#clock.now() - (facts.ageMs ?? 0);
    this.startedAt = new Date(Date.now() - (facts.ageMs ?? 0));
    this.#timeoutMs = facts.timeoutMs;
    this.stdout = new OutputBuffer(facts.outputBytes);
    this.stderr = new OutputBuffer(facts.outputBytes);
  }

  /** It runs, and is called so. Resolves at its end. */
  async began(name: string, running: SandboxProcess): Promise<void> {
    this.name = name;
    this.#running = running;
    if (this.#timeoutMs > 0) {
      this.#cancelTimer = this.#clock.setTimer(() => {
        this.#hasTimedOut = true;
        this.terminate();
      }, this.#timeoutMs);
    }
    const exit = await running.exited;
    this.#cancelTimer();
    this.#endedAt = this.#clock.now();
    this.#durationMs = exit.durationMs ?? this.#endedAt - this.#began;
    // One that ends by itself and well while it is being ended was faster.
    const limit = this.#hasTimedOut && exit.exitCode !== 0 ? "timeout" : exit.limit;
    this.#end = { ...exit, ...(limit === undefined ? {} : { limit }) };
    this.stdout.compact();
    this.stderr.compact();
    this.#wake();
  }

  /** Nobody waits for it any more: `aftermath` is asked once, by the first who comes after its end. */
  leave(aftermath: Aftermath): void {
    let known: ReturnType<Aftermath> | undefined;
    this.#aftermath = (signal) => {
      known ??= aftermath(signal).catch((error) => {
        known = undefined;
        throw error;
      });
      return known;
    };
  }

  /** What there is to say besides its {@linkcode state}; nothing while it runs, and of most. */
  async aftermath(signal: AbortSignal): ReturnType<Aftermath> {
    return this.isRunning ? {} : await this.#aftermath?.(signal) ?? {};
  }

  output(stream: Stream, bytes: Uint8Array): void {
    this[stream].append(bytes);
    this.#wake();
  }

  /** So much of its output before what comes next is lost. */
  lost(stream: Stream, bytes: number): void {
    this[stream].lose(bytes);
  }

  get end(): ProcessEnd | undefined {
    return this.#end;
  }

  get isRunning(): boolean {
    return this.#end === undefined;
  }

  /** Milliseconds since its end. */
  get endedFor(): number {
    return this.#end === undefined ? 0 : this.#clock.now() - this.#endedAt;
  }

  /** Bytes of memory that its output takes. */
  get held(): number {
    return this.stdout.held + this.stderr.held;
  }

  /** Writes to its input. Rejects with `SessionError`, and with the reason of `signal`. */
  async write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    if (!this.isRunning) throw new SessionError("failed", `${this.name} has ended: it takes no input`);
    if (!this.#inputIsOpen) {
      throw new SessionError(
        "failed",
        `the input of ${this.name} is at its end: start processes that are to be written to with interactive: true`,
      );
    }
    await this.#running!.write(bytes, signal);
  }

  closeInput(): void {
    if (!this.#inputIsOpen) return;
    this.#inputIsOpen = false;
    this.#running?.closeInput();
  }

  /** To its process group; nothing where it has ended. */
  signal(name: string): void {
    if (this.isRunning) this.#running?.kill(name);
  }

  /** SIGTERM, and SIGKILL where that does not end it. */
  terminate(): void {
    this.signal("SIGTERM");
    // One that is stopped does not get it before it goes on.
    this.signal("SIGCONT");
    const cancel = this.#clock.setTimer(() => this.signal("SIGKILL"), KILL_GRACE_MS);
    void this.#running?.exited.then(cancel);
  }

  /** Resolves once `is` holds (asked after each output and at the end), it has ended, `ms` are over, or `signal` aborts. */
  async wait(ms: number, signal: AbortSignal, is: () => boolean = () => false): Promise<void> {
    if (ms <= 0 || !this.isRunning || signal.aborted || is()) return;
    const done = Promise.withResolvers<void>();
    const look = () => {
      if (!this.isRunning || signal.aborted || is()) done.resolve();
    };
    const cancel = this.#clock.setTimer(done.resolve, ms);
    this.#waiting.add(look);
    signal.addEventListener("abort", look, { once: true });
    await done.promise;
    signal.removeEventListener("abort", look);
    cancel();
    this.#waiting.delete(look);
  }

  /** What there is to say of it, with its output from these bytes on (default: all that is kept). */
  state(
    from: { readonly stdout?: number | undefined; readonly stderr?: number | undefined } = {},
  ): ProcessState {
    const stdout = this.#shown("stdout", from.stdout);
    const stderr = this.#shown("stderr", from.stderr);
    const lost = stdout.lost + stderr.lost;
    const invalid = stdout.invalid + stderr.invalid;
    const end = this.#end;
    return {
      process: this.name,
      state: end === undefined ? "running" : "exited",
      ...(end?.exitCode === undefined ? {} : { exitCode: end.exitCode }),
      ...(end?.signal === undefined ? {} : { signal: end.signal }),
      ...(end?.limit === undefined ? {} : { limit: end.limit }),
      stdout: stdout.text,
      stderr: stderr.text,
      nextStdout: stdout.next,
      nextStderr: stderr.next,
      ...(lost === 0 ? {} : { lost }),
      ...(invalid === 0 ? {} : { invalid }),
      ...(stdout.more || stderr.more ? { more: true } : {}),
      durationMs: Math.round(end === undefined ? this.#clock.now() - this.#began : this.#durationMs),
    };
  }

  #shown(stream: Stream, from: number | undefined) {
    const buffer = this[stream];
    if (from !== undefined && from > buffer.end) {
      throw new SessionError(
        "invalid",
        `${this.name} has written ${buffer.end} bytes to ${stream}: there is none with number ${from}`,
      );
    }
    return shownText(buffer, from ?? 0, this.isRunning);
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look();
  }
}
