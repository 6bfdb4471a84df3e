/** One session's sandbox, as the worker has it: its init is started when there is something to do. */
import { type Isolation, SESSION_ERROR_CODES, SessionError, type SessionErrorCode } from "../types.ts";
import { Calls } from "./calls.ts";
import type { Frame, FrameReader } from "./frames.ts";
import type { Sandbox, SandboxExit, SandboxProcess, SpawnSpec } from "./types.ts";

interface Started {
  readonly connection: Deno.Conn;
  readonly reader: FrameReader;
}

interface Running {
  readonly spec: SpawnSpec;
  readonly exited: PromiseWithResolvers<SandboxExit>;
}

export class Session implements Sandbox {
  #calls: Promise<Calls> | undefined;
  readonly #running = new Map<number, Running>();

  constructor(
    readonly id: string,
    readonly isolation: Isolation,
    readonly start: (signal: AbortSignal) => Promise<Started>,
    readonly stop: () => Promise<void>,
  ) {}

  async spawn(spec: SpawnSpec, signal: AbortSignal): Promise<SandboxProcess> {
    const calls = await this.#connect();
    const { header } = await calls.call(
      { op: "spawn", argv: spec.argv, cwd: spec.cwd, env: spec.env },
      undefined,
      signal,
    );
    check(header);
    const number = Number(header["process"]);
    const running: Running = { spec, exited: Promise.withResolvers() };
    this.#running.set(number, running);
    return {
      exited: running.exited.promise,
      write: async (bytes, writeSignal) => {
        check((await calls.call({ op: "input", process: number }, bytes, writeSignal)).header);
      },
      closeInput: () => calls.send({ op: "close_input", process: number }),
      kill: (name) => calls.send({ op: "kill", process: number, signal: name }),
    };
  }

  async file(
    op: string,
    input: Readonly<Record<string, unknown>>,
    body: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly output: Record<string, unknown>; readonly body?: Uint8Array | undefined }> {
    const calls = await this.#connect();
    const frame = await calls.call({ op: "file", name: op, input }, body, signal);
    check(frame.header);
    return {
      output: frame.header["output"] as Record<string, unknown>,
      ...(frame.body.length > 0 ? { body: frame.body } : {}),
    };
  }

  usage(): Promise<{ cpuMs: number; memoryBytes: number; diskBytes: number; processes: number }> {
    return Promise.resolve({ cpuMs: 0, memoryBytes: 0, diskBytes: 0, processes: this.#running.size });
  }

  async close(): Promise<void> {
    if (this.#calls === undefined) return;
    await this.stop();
    (await this.#calls).close();
  }

  /** The launcher is gone, and with it all processes. */
  lost(): void {
    for (const running of this.#running.values()) running.exited.resolve({ signal: "SIGKILL" });
    this.#running.clear();
  }

  #connect(): Promise<Calls> {
    this.#calls ??= this.start(AbortSignal.timeout(30_000)).then(({ connection, reader }) =>
      new Calls({
        connection,
        reader,
        onEvent: (frame) => this.#event(frame),
        onEnd: () => {
          this.#calls = undefined;
          this.lost();
        },
        ended: () => new SessionError("failed", `the sandbox of session ${this.id} ended; try again`),
      })
    );
    return this.#calls;
  }

  #event({ header, body }: Frame): void {
    const running = this.#running.get(Number(header["process"]));
    if (running === undefined) return;
    if (header["event"] === "output") {
      running.spec.onOutput(header["stream"] === "stderr" ? "stderr" : "stdout", body);
    } else if (header["event"] === "exit") {
      this.#running.delete(Number(header["process"]));
      const { exitCode, signal } = header;
      running.exited.resolve({
        ...(typeof exitCode === "number" ? { exitCode } : {}),
        ...(typeof signal === "string" ? { signal } : {}),
      });
    }
  }
}

function check(header: Record<string, unknown>): void {
  const { error, message } = header;
  if (error === undefined) return;
  const code = SESSION_ERROR_CODES.find((one) => one === error) ?? "internal" satisfies SessionErrorCode;
  throw new SessionError(code, String(message));
}
