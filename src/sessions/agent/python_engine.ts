/** Sessions by Python: a daemon in the workspace, and links to it. */
import { Calls } from "../sandbox/calls.ts";
import type { OpenOptions } from "../sandbox/types.ts";
import { type Limits, SessionError, STANDARD_LIMITS } from "../types.ts";
import { ENDED_MS, MOST_ENDED, MOST_ENDED_OUTPUTS } from "../worker/kept.ts";
import { type AgentEngine, type EngineContext, NOT_HERE } from "./engine.ts";
import { findDaemon, type Instead } from "./link/bootstrap.ts";
import { type Carrier, terminalCarrier } from "./link/carrier.ts";
import { Link } from "./link/link.ts";
import { AgentSession, endSession } from "./session.ts";
import type { Terminal } from "../../coder/terminal.ts";

export interface PythonEngineOptions {
  /** See `AgentSessionOptions`. */
  readonly idleMs?: number | undefined;
  /** See `LinkOptions`. */
  readonly patienceMs?: number | undefined;
  /** See `Wanted`. */
  readonly pythons?: readonly string[] | undefined;
}

/** The longest, and what a daemon waits for somebody where nobody says. */
const DAY_MS = 24 * 3_600_000;
/** Milliseconds between SIGTERM and SIGKILL, where time is up. */
const GRACE_MS = 2_000;

export function pythonEngine(options: PythonEngineOptions = {}): AgentEngine {
  return {
    name: "python",
    async open(context, open, signal) {
      // What is there by now is no more made, but found.
      let existing = open.existing;
      const session = new AgentSession({
        id: context.id,
        files: open.workspace?.files ?? "workspace",
        connect: async (within) => {
          const link = await linkTo(context, options, specOf(open, existing), within, { isNew: !existing });
          existing = true;
          return link;
        },
        remove: (within) => remove(context, options, within),
        clock: context.clock,
        log: context.log,
        idleMs: options.idleMs,
      });
      try {
        await session.begin(signal);
        return session;
      } catch (error) {
        await session.close();
        if (error instanceof Elsewhere && (error.instead === "none" || error.instead === "shell")) {
          return NOT_HERE;
        }
        throw error;
      }
    },
    async remove(context, signal) {
      try {
        return await remove(context, options, signal);
      } catch (error) {
        if (error instanceof Elsewhere && error.instead !== "gone") return NOT_HERE;
        throw error;
      }
    },
  };
}

/** There is no daemon, and none can be. */
class Elsewhere extends SessionError {
  constructor(readonly instead: Instead) {
    super(
      "failed",
      instead === "none"
        ? "there is no Python any more in the workspace, which this session was begun with: install python3 again"
        : "the session has ended in the workspace, and its processes with it",
    );
  }
}

async function linkTo(
  context: EngineContext,
  { patienceMs, pythons }: PythonEngineOptions,
  spec: unknown,
  signal: AbortSignal,
  { mayBegin = true, isNew = false } = {},
): Promise<Link> {
  const { id, clock, log } = context;
  let isFirst = true;
  const open = async (within: AbortSignal): Promise<Carrier> => {
    const wanted = isFirst
      ? { session: id, spec, mayBegin, isNew, pythons }
      : { session: id, spec: undefined, mayBegin: false, isNew: false, pythons };
    const way = await findDaemon((command, late) => terminalOf(context, command, late), wanted, within);
    if (typeof way === "string") throw new Elsewhere(way);
    isFirst = false;
    return terminalCarrier(way);
  };
  return await Link.open({ open, clock, log, patienceMs }, signal);
}

async function terminalOf(context: EngineContext, command: string, signal: AbortSignal): Promise<Terminal> {
  try {
    return await context.access().terminal(command, signal);
  } catch (error) {
    if (error instanceof SessionError || signal.aborted) throw error;
    throw new SessionError(
      "unavailable",
      `no terminal could be opened in the workspace: ${
        error instanceof Error ? error.message : String(error)
      }`,
      { cause: error },
    );
  }
}

async function remove(
  context: EngineContext,
  options: PythonEngineOptions,
  signal: AbortSignal,
): Promise<void> {
  // Where its daemon has ended, another one removes what is left.
  const spec = specOf({
    limits: STANDARD_LIMITS,
    existing: false,
    workspace: { directory: "/", files: "scratch" },
  }, false);
  let link: Link;
  try {
    link = await linkTo(context, options, spec, signal, { mayBegin: false });
  } catch (error) {
    if (error instanceof Elsewhere && error.instead === "gone") return;
    throw error;
  }
  const calls = new Calls({
    connection: link.duplex(0),
    onEvent: () => {},
    onEnd: () => link.close(),
    ended: () =>
      link.failure ??
        new SessionError("unavailable", `session ${context.id} could not be ended in its workspace`),
  });
  try {
    await endSession(calls, context.id, signal);
  } finally {
    link.close();
  }
}

/** What a daemon is begun with. */
function specOf({ limits, workspace }: OpenOptions, existing: boolean): unknown {
  const keepMs = Math.min(DAY_MS, workspace?.keepMs ?? DAY_MS);
  return {
    limits,
    existing,
    workspace: { directory: workspace?.directory ?? "", files: workspace?.files ?? "workspace" },
    keepMs,
    // By then the session is over, as far as anybody has told.
    removes: workspace?.keepMs !== undefined && keepMs < DAY_MS,
    rules: rulesOf(limits),
  };
}

function rulesOf(limits: Limits): unknown {
  return {
    endedMs: ENDED_MS,
    mostEnded: MOST_ENDED,
    mostBytes: MOST_ENDED_OUTPUTS * limits.outputBytes,
    graceMs: GRACE_MS,
  };
}
