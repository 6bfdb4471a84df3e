/** One session's sandbox, as the worker has it: its init is started when there is something to do. */
import type { Logger } from "../../telemetry/logger.ts";
import { type Isolation, SessionError } from "../types.ts";
import { Calls } from "./calls.ts";
import type { Frame } from "./frames.ts";
import type { InitConnection } from "./launcher.ts";
import { answerOf, eventSchema, fileSchema, type Usage, usageSchema } from "./messages.ts";
import { unlessAborted } from "./unless_aborted.ts";
import { exitOf, Running } from "./running.ts";
import type { Sandbox, SandboxProcess, SpawnSpec } from "./types.ts";
import { z } from "zod";

/** One init that was started. */
export interface StartedInit extends InitConnection {
  /** Resolves once it and all that was in its namespaces are gone. */
  readonly gone: Promise<void>;
}

/** What is known of a session before an init of it is started; without `diskBytes` it has to look. */
export interface Known {
  readonly cpuMs: number;
  readonly diskBytes: number | undefined;
}

/** What a session wants of its host. */
export interface SessionHost {
  start(id: string, known: Known, signal: AbortSignal): Promise<StartedInit>;
  /** Kills all of it. */
  stop(id: string): Promise<void>;
}

const START_MS = 30_000;
const USAGE_MS = 30_000;

export class Session implements Sandbox {
  readonly #host: SessionHost;
  readonly #log: Logger;
  #connecting: Promise<Calls> | undefined;
  #current: Calls | undefined;
  #gone: Promise<void> = Promise.resolve();
  readonly #running = new Map<number, Running>();
  #next = 1;
  /** Calls that have begun and not ended. */
  #busy = 0;
  #known: Usage = { cpuMs: 0, memoryBytes: 0, diskBytes: 0, processes: 0 };
  /** `#known` is what an init has said, and nothing was done since. */
  #isKnown = false;
  #isClosed = false;

  /** Nobody has looked yet how much is on disk. */
  #mustLook: boolean;

  constructor(
    readonly id: string,
    readonly isolation: Isolation,
    host: SessionHost,
    log: Logger,
    hasFiles = false,
  ) {
    this.#host = host;
    this.#mustLook = hasFiles;
    this.#log = log;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async spawn(spec: SpawnSpec, signal: AbortSignal): Promise<SandboxProcess> {
    return await this.#with(signal, async (calls) => {
      const number = this.#next++;
      const running = new Running(spec, calls, number, this.#log);
      // Before it is asked for: its output may be faster than the answer.
      this.#running.set(number, running);
      const header = { op: "spawn", process: number, argv: spec.argv, cwd: spec.cwd, env: spec.env };
      try {
        const answer = await calls.call(header, undefined, signal, (_, late) => {
          // It may have begun, and nobody wants it.
          void late.then((frame) => {
            if (frame !== undefined && frame.header["error"] === undefined) running.kill("SIGKILL");
            else this.#running.delete(number);
          });
        });
        answerOf(z.object({ process: z.literal(number) }), answer.header, spec.argv[0] ?? "spawn");
        return running;
      } catch (error) {
        if (!signal.aborted) this.#running.delete(number);
        throw error;
      }
    });
  }

  async file(
    op: string,
    input: Readonly<Record<string, unknown>>,
    body: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly output: Record<string, unknown>; readonly body?: Uint8Array | undefined }> {
    return await this.#with(signal, async (calls) => {
      const frame = await calls.call({ op: "file", name: op, input }, body, signal, (id) => {
        calls.send({ op: "abort", call: id });
      });
      const { output } = answerOf(fileSchema, frame.header, `file operation ${op}`);
      return frame.body.length > 0 ? { output, body: frame.body } : { output };
    });
  }

  async usage(): Promise<Usage> {
    if (this.#connecting === undefined && this.#isKnown) return this.#known;
    const signal = AbortSignal.timeout(USAGE_MS);
    return await this.#with(signal, async (calls) => {
      const answer = await calls.call({ op: "usage" }, undefined, signal);
      this.#known = answerOf(usageSchema, answer.header, "usage");
      return this.#known;
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#host.stop(this.id);
    const calls = await this.#connecting?.catch(() => undefined);
    calls?.close();
    await this.#gone;
  }

  async #with<T>(signal: AbortSignal, work: (calls: Calls) => Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await work(await this.#connect(signal));
    } finally {
      this.#busy--;
    }
  }

  async #connect(signal: AbortSignal): Promise<Calls> {
    signal.throwIfAborted();
    if (this.#isClosed) throw new SessionError("session_ended", `session ${this.id} was closed`);
    if (this.#connecting === undefined) {
      // Shared by all who call meanwhile: it does not end with the first of them.
      const connecting = this.#start();
      this.#connecting = connecting;
      connecting.catch(() => {
        if (this.#connecting === connecting) this.#connecting = undefined;
      });
    }
    return await unlessAborted(this.#connecting, signal);
  }

  async #start(): Promise<Calls> {
    this.#isKnown = false;
    // Its predecessor is out of the way.
    await this.#gone;
    const { connection, reader, gone } = await this.#host.start(
      this.id,
      { cpuMs: this.#known.cpuMs, diskBytes: this.#mustLook ? undefined : this.#known.diskBytes },
      AbortSignal.timeout(START_MS),
    );
    this.#gone = gone;
    const calls: Calls = new Calls({
      connection,
      reader,
      onEvent: (frame) => this.#event(calls, frame),
      onEnd: (error) => this.#ended(calls, error),
      ended: () =>
        this.#isClosed
          ? new SessionError("session_ended", `session ${this.id} was closed`)
          : new SessionError(
            "unknown_outcome",
            `the sandbox of session ${this.id} ended in the middle of this, and its processes with it; it is started anew by the next call`,
          ),
    });
    this.#current = calls;
    return calls;
  }

  #ended(calls: Calls, error: Error | undefined): void {
    if (error !== undefined) {
      this.#log.warn("a sandbox sent what is no frame, and was ended", {
        session_id: this.id,
        error: error.message,
      });
      this.#host.stop(this.id).catch((cause: unknown) => {
        this.#log.error("a sandbox could not be ended", { session_id: this.id, error: String(cause) });
      });
    }
    if (this.#current === calls) {
      this.#current = undefined;
      this.#connecting = undefined;
    }
    for (const [number, running] of this.#running) {
      if (running.calls !== calls) continue;
      this.#running.delete(number);
      running.end({ signal: "SIGKILL" });
    }
  }

  #event(calls: Calls, { header, body }: Frame): void {
    const parsed = eventSchema.safeParse(header);
    if (!parsed.success) return;
    const event = parsed.data;
    if (event.event === "output") {
      const running = this.#running.get(event.process);
      if (running?.calls === calls) running.output(event.stream, body);
    } else if (event.event === "exit") {
      const running = this.#running.get(event.process);
      if (running?.calls !== calls) return;
      this.#running.delete(event.process);
      running.end(exitOf(event));
    } else if (event.event === "idle") {
      const { cpuMs, diskBytes } = event;
      this.#known = { cpuMs, diskBytes, memoryBytes: 0, processes: 0 };
      if (this.#busy > 0 || this.#running.size > 0 || this.#current !== calls) return;
      this.#current = undefined;
      this.#connecting = undefined;
      this.#isKnown = true;
      this.#mustLook = false;
      calls.send({ op: "end" });
      calls.finish();
    } else {
      this.#log.error("the init of a sandbox failed", { session_id: this.id, error: event.message });
    }
  }
}
