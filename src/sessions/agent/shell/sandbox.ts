/** One session, in a workspace that has a shell and no Python. */
import type { Logger } from "../../../telemetry/logger.ts";
import type { SandboxProcess, SharedProcesses, SpawnSpec } from "../../sandbox/types.ts";
import { SessionError } from "../../types.ts";
import type { EngineSandbox } from "../engine.ts";
import type { FileContext } from "./context.ts";
import { said } from "./errors.ts";
import { fileOperation } from "./files.ts";
import type { Link } from "./link.ts";
import { type ProcessesContext, ShellProcesses } from "./processes.ts";

/** Before the pages of memory are counted that it has. */
const USAGE_MS = 30_000;

export class ShellSandbox implements EngineSandbox {
  readonly id: string;
  readonly isolation = "workspace";
  readonly #link: Link;
  readonly #context: FileContext;
  readonly #processes: ShellProcesses;
  readonly #log: Logger;
  #isClosed = false;

  readonly #newLink: () => Link;

  constructor(context: ProcessesContext, newLink: () => Link) {
    this.#newLink = newLink;
    this.id = context.session;
    this.#link = context.link;
    this.#context = context;
    this.#log = context.log;
    this.#processes = new ShellProcesses(context);
  }

  get shared(): SharedProcesses {
    return this.#processes;
  }

  async spawn(spec: SpawnSpec, signal: AbortSignal): Promise<SandboxProcess> {
    this.#check();
    return await this.#processes.spawn(spec, signal);
  }

  async file(
    op: string,
    input: Readonly<Record<string, unknown>>,
    body: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly output: Record<string, unknown>; readonly body?: Uint8Array | undefined }> {
    this.#check();
    return await fileOperation(op, this.#context, input, body, signal);
  }

  async usage() {
    this.#check();
    const answer = await this.#link.ask("s_usage", AbortSignal.timeout(USAGE_MS), { isLong: true });
    const [processes, kibibytes, ticks, disk] = said(answer, "look at", ".").words.map(Number);
    return {
      // Of those that run: of others nobody has kept it.
      cpuMs: (ticks ?? 0) * 10,
      memoryBytes: (kibibytes ?? 0) * 1_024,
      diskBytes: (disk ?? 0) * 1_024,
      processes: processes ?? 0,
    };
  }

  /** Lets go of it: what it has in the workspace goes on. */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#processes.close();
    this.#link.close();
    return Promise.resolve();
  }

  async remove(signal: AbortSignal): Promise<void> {
    const link = this.#isClosed ? this.#newLink() : this.#link;
    try {
      await end(link, this.id, signal);
    } finally {
      if (link !== this.#link) link.close();
    }
    this.#log.debug("a session was removed from its workspace", { session_id: this.id });
    await this.close();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  #check(): void {
    if (this.#isClosed) throw new SessionError("session_ended", `session ${this.id} was closed`);
  }
}

/** Ends a session in its workspace. Rejects with `SessionError`, and with the reason of `signal`. */
export async function end(link: Link, session: string, signal: AbortSignal): Promise<"done" | "python"> {
  const answer = await link.ask("s_end", signal, { isLong: true });
  if (new TextDecoder().decode(answer.subarray(0, 20)).startsWith("no python")) return "python";
  said(answer, "remove", session);
  return "done";
}
