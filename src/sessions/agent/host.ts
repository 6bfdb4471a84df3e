/** Sessions in Coder workspaces: by Python where there is some, else by the shell. */
import { type Clock, systemClock } from "../../telemetry/clock.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import type { IsolationReport, OpenOptions, Sandbox, SandboxHost } from "../sandbox/types.ts";
import { SessionError } from "../types.ts";
import { type AgentEngine, type EngineContext, type EngineSandbox, NOT_HERE } from "./engine.ts";
import { pythonEngine, type PythonEngineOptions } from "./python_engine.ts";
import { shellEngine } from "./shell/mod.ts";
import type { AgentAccess, FindAccess } from "./types.ts";

export interface AgentHostOptions extends PythonEngineOptions {
  /** Who may reach the workspace of a session now. */
  readonly access: FindAccess;
  readonly log?: Logger | undefined;
  readonly clock?: Clock | undefined;
  /** Which are tried, in order. @default {python, then the shell} */
  readonly engines?: readonly AgentEngine[] | undefined;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/**
 * A host of sessions in workspaces. What it opens goes on in the workspace when it is closed: another one finds it again, with
 * `existing`.
 */
export function createAgentHost(options: AgentHostOptions): SandboxHost {
  return new AgentHost(options);
}

class AgentHost implements SandboxHost {
  readonly report: IsolationReport = {
    isolation: "workspace",
    cgroups: [],
    network: false,
    proc: false,
    notes: ["sessions can do in their workspace what its user can"],
  };
  readonly #options: AgentHostOptions;
  readonly #engines: readonly AgentEngine[];
  readonly #open = new Map<string, EngineSandbox>();
  #isClosed = false;

  constructor(options: AgentHostOptions) {
    this.#options = options;
    this.#engines = options.engines ?? [pythonEngine(options), shellEngine()];
  }

  leftovers(): Promise<readonly string[]> {
    // What is in workspaces is the coordinators' to know.
    return Promise.resolve([]);
  }

  async open(id: string, options: OpenOptions, signal: AbortSignal): Promise<Sandbox> {
    const context = this.#context(id);
    const known = this.#open.get(id);
    if (known !== undefined && !known.isClosed) return known;
    for (const engine of this.#engines) {
      const sandbox = await engine.open(context, options, signal);
      if (sandbox === NOT_HERE) continue;
      this.#open.set(id, sandbox);
      return sandbox;
    }
    throw this.#nothing(id);
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    const context = this.#context(id);
    const known = this.#open.get(id);
    this.#open.delete(id);
    if (known !== undefined) return await known.remove(signal);
    for (const engine of this.#engines) {
      if (await engine.remove(context, signal) !== NOT_HERE) return;
    }
    throw this.#nothing(id);
  }

  /** Lets go of all. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open.values()].map((sandbox) => sandbox.close()));
    this.#open.clear();
  }

  #context(id: string): EngineContext {
    if (!NAME.test(id)) throw new SessionError("invalid", `${JSON.stringify(id)} is no id for a session`);
    if (this.#isClosed) throw new SessionError("unavailable", "sessions in workspaces are closed here");
    const { log = silentLogger, clock = systemClock } = this.#options;
    return { id, access: () => this.#access(id), log, clock };
  }

  #access(id: string): AgentAccess {
    const access = this.#options.access(id);
    if (access !== undefined) return access;
    throw new SessionError(
      "unavailable",
      `nobody has used session ${id} since this coordinator began, and its workspace is reached with its owner's rights alone`,
    );
  }

  #nothing(id: string): SessionError {
    return new SessionError(
      "failed",
      `session ${id} cannot be in its workspace: there is neither Python 3.8 or later nor a POSIX shell with coreutils. Install python3 there`,
    );
  }
}
