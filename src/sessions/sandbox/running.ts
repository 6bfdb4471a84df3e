/** One process of a sandbox, as the worker has it. */
import type { Logger } from "../../telemetry/logger.ts";
import { SessionError } from "../types.ts";
import type { Calls } from "./calls.ts";
import { answerOf, type ExitEvent, inputSchema } from "./messages.ts";
import type { SandboxExit, SandboxProcess, SpawnSpec } from "./types.ts";

/** One process, until its end was told. */
export class Running implements SandboxProcess {
  readonly #exited = Promise.withResolvers<SandboxExit>();
  #isOver = false;

  constructor(
    readonly spec: Pick<SpawnSpec, "onOutput" | "onLost">,
    readonly calls: Pick<Calls, "call" | "send">,
    public number: number,
    readonly log: Logger,
  ) {}

  get exited(): Promise<SandboxExit> {
    return this.#exited.promise;
  }

  async write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    if (this.#isOver) throw new SessionError("failed", "the process is over: it takes no input");
    const answer = await this.calls.call({ op: "input", process: this.number }, bytes, signal);
    answerOf(inputSchema, answer.header, "input");
  }

  closeInput(): void {
    this.calls.send({ op: "close_input", process: this.number });
  }

  kill(signal: string): void {
    this.calls.send({ op: "kill", process: this.number, signal });
  }

  /** Its end was told. */
  get isOver(): boolean {
    return this.#isOver;
  }

  output(stream: "stdout" | "stderr", bytes: Uint8Array): void {
    try {
      this.spec.onOutput(stream, bytes);
    } catch (error) {
      this.log.error("output of a process was not taken", { error: String(error) });
    }
  }

  end(exit: SandboxExit): void {
    this.#isOver = true;
    this.#exited.resolve(exit);
  }
}

/** How it ended, as its sandbox has told. */
export function exitOf({ exitCode, signal, limit, durationMs }: ExitEvent): SandboxExit {
  return {
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    ...(limit === undefined ? {} : { limit }),
    ...(durationMs === undefined ? {} : { durationMs }),
  };
}
