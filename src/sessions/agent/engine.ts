/** What works in a workspace for one session, through its agent's terminals: `python/` where there is Python, else `shell/`. */
import type { Clock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { OpenOptions, Sandbox } from "../sandbox/types.ts";
import type { AgentAccess } from "./types.ts";

/** What an engine gets for a session. */
export interface EngineContext {
  readonly id: string;
  /** Who may reach the workspace now. Asked before each terminal; throws `SessionError` `unavailable` where nobody may. */
  readonly access: () => AgentAccess;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface AgentEngine {
  readonly name: "python" | "shell";
  /**
   * Makes the session in the workspace, or finds it. `NOT_HERE`: the other engine has to do it, for what this one needs is
   * not there, or the other one has begun the session. Rejects with `SessionError`, and with the reason of `signal`.
   */
  open(
    context: EngineContext,
    options: OpenOptions,
    signal: AbortSignal,
  ): Promise<EngineSandbox | typeof NOT_HERE>;
  /**
   * Ends a session that is not open here: its processes, its state, and its files where they are `scratch`. One that is not
   * there is done. `NOT_HERE` as with `open`.
   */
  remove(context: EngineContext, signal: AbortSignal): Promise<void | typeof NOT_HERE>;
}

/** One that an engine has opened. */
export interface EngineSandbox extends Sandbox {
  /** `close` was called: it is of no use any more, and its session may be opened again. */
  readonly isClosed: boolean;
  /** Ends it in the workspace, also after `close`, as `AgentEngine.remove`. `close` alone lets go of it: what it has there goes on. */
  remove(signal: AbortSignal): Promise<void>;
}

export const NOT_HERE = Symbol("the other engine");

/**
 * A file in a session's state directory that the shell engine makes first: sessions that it has begun stay its own, also
 * where Python is installed later.
 */
export const SHELL_MARK = "shell";

/** Below the home directory, 0700: each session's state directory by its id. */
export const STATE_DIRECTORY = ".coder-k8s/sessions";
