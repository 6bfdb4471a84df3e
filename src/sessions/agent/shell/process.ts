/** One process of a session, as its pieces of output and its end come in. */
import type { Logger } from "../../../telemetry/logger.ts";
import type { FoundProcess, SandboxExit, SpawnSpec } from "../../sandbox/types.ts";
import { SessionError } from "../../types.ts";
import { said } from "./errors.ts";
import type { Link } from "./link.ts";
import { call } from "./quote.ts";

export type Stream = "stdout" | "stderr";
export type Sinks = Pick<SpawnSpec, "onOutput" | "onLost">;

export interface ProcessFacts {
  readonly number: number;
  readonly command: string;
  readonly ageMs: number;
  readonly inputIsClosed: boolean;
}

/** For what has to be done whoever waits for it, in milliseconds. */
const ORDER_MS = 60_000;

export class Running implements FoundProcess {
  readonly number: number;
  readonly command: string;
  readonly ageMs: number;
  readonly inputIsClosed: boolean;
  /** Bytes of each stream that were told, or are lost. */
  readonly seen = { stdout: 0, stderr: 0 };
  sinks: Sinks | undefined;
  readonly #exited = Promise.withResolvers<SandboxExit>();
  readonly #link: Link;
  readonly #log: Logger;
  #isOver = false;
  #input: Promise<unknown> = Promise.resolve();
  #orders: Promise<unknown> = Promise.resolve();

  constructor(facts: ProcessFacts, link: Link, log: Logger) {
    this.number = facts.number;
    this.command = facts.command;
    this.ageMs = facts.ageMs;
    this.inputIsClosed = facts.inputIsClosed;
    this.#link = link;
    this.#log = log;
  }

  get exited(): Promise<SandboxExit> {
    return this.#exited.promise;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Bytes of a stream from its byte `at` on; those that were told are not told again. */
  output(stream: Stream, at: number, bytes: Uint8Array): void {
    const seen = this.seen[stream];
    if (at + bytes.length <= seen || this.#isOver) return;
    this.seen[stream] = at + bytes.length;
    try {
      if (at > seen) this.sinks?.onLost?.(stream, at - seen);
      this.sinks?.onOutput(stream, at < seen ? bytes.subarray(seen - at) : bytes);
    } catch (error) {
      this.#log.error("output of a process was not taken", { error: String(error) });
    }
  }

  end(exit: SandboxExit): void {
    this.#isOver = true;
    this.#exited.resolve(exit);
  }

  write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const written = this.#input.then(() => this.#write(bytes, signal));
    this.#input = written.catch(() => {});
    return written;
  }

  closeInput(): void {
    if (this.#isOver) return;
    this.#input = this.#input.then(() => this.#order(call("p_close", this.number)));
  }

  kill(signal: string): void {
    if (this.#isOver) return;
    const order = call("p_kill", this.number, signal.replace(/^SIG/, ""));
    this.#orders = this.#orders.then(() => this.#order(order));
  }

  async #write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    if (this.#isOver) throw over();
    const answer = await this.#link.once(call("p_input", this.number), signal, { body: bytes, isLong: true });
    const why = /^no (over|closed)/.exec(new TextDecoder().decode(answer.subarray(0, 20)))?.[1];
    if (why === "over") throw over();
    if (why === "closed") throw new SessionError("failed", "the process has closed its input");
    said(answer, "write to", `proc-${this.number}`);
  }

  async #order(code: string): Promise<void> {
    if (this.#isOver) return;
    try {
      await this.#link.once(code, AbortSignal.timeout(ORDER_MS));
    } catch (error) {
      if (!this.#isOver) {
        this.#log.debug("a process was not told", { process: this.number, error: String(error) });
      }
    }
  }
}

function over(): SessionError {
  return new SessionError("failed", "the process is over: it takes no input");
}

const SIGNALS: Readonly<Record<number, string>> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  4: "SIGILL",
  5: "SIGTRAP",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  10: "SIGUSR1",
  11: "SIGSEGV",
  12: "SIGUSR2",
  13: "SIGPIPE",
  14: "SIGALRM",
  15: "SIGTERM",
  24: "SIGXCPU",
  25: "SIGXFSZ",
  31: "SIGSYS",
};

/** What `<status> <milliseconds> <why>` of a shell means. A program that answers 137 itself is not told from one that was killed. */
export function exitOf([status, took, why]: readonly string[]): SandboxExit {
  const code = Number(status);
  const signal = code > 128 ? SIGNALS[code - 128] : undefined;
  const limit = why === "timeout" || why === "disk" ? why : signal === "SIGXCPU" ? "cpu" : undefined;
  return {
    ...(signal === undefined ? { exitCode: code } : { signal }),
    ...(limit === undefined ? {} : { limit }),
    durationMs: Number(took),
  };
}
