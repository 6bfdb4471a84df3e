/** Who may reach which session's workspace: lent by callers, call by call, and never another's. */
import { type Clock, systemClock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import type { FindAccess } from "../agent/types.ts";
import type { CallersCoder, CoderOf, OpenCoder, SessionCallOptions } from "../coordinator/types.ts";
import { SessionError } from "../types.ts";
import { ACCESS, Access, type AccessSettings } from "./access.ts";
import { Checks } from "./checks.ts";
import type { LentTo, Loan } from "./types.ts";

export interface AccessBookOptions {
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  readonly clock?: Clock | undefined;
  readonly settings?: Partial<AccessSettings> | undefined;
}

/** What was not used for so long is forgotten: nothing of a session runs on for longer by itself. */
const FORGET_MS = 25 * 3_600_000;
/** Between two looks at what is to be forgotten. */
const PRUNE_MS = 600_000;

export class AccessBook {
  readonly #clock: Clock;
  readonly #settings: AccessSettings;
  readonly #checks: Checks;
  readonly #parts: ConstructorParameters<typeof Access>[1];
  readonly #entries = new Map<string, Access>();
  #prunedAt: number;

  constructor({ log, metrics = noMetrics, clock = systemClock, settings }: AccessBookOptions) {
    this.#clock = clock;
    this.#settings = { ...ACCESS, ...settings };
    this.#prunedAt = clock.now();
    this.#checks = new Checks({
      clock,
      counted: metrics.counter(
        "coordinator_workspace_checks_total",
        "Looks whether callers may work in workspaces, by how they ended: ok, or the code of what went wrong",
        ["result"],
      ),
    });
    const open = metrics.gauge(
      "coordinator_workspace_terminals",
      "Terminals in workspaces that are open for sessions",
    );
    this.#parts = { checks: this.#checks, clock, log, settings: this.#settings, open };
  }

  /** See `FindAccess`. */
  readonly find: FindAccess = (sessionId) => this.#entries.get(sessionId);

  /** The session, as it was lent to last. */
  session(sessionId: string): LentTo | undefined {
    return this.#entries.get(sessionId)?.session;
  }

  /** See `WorkspaceDoor.lend`. */
  async lend(
    session: LentTo,
    { coder: open, signal }: Pick<SessionCallOptions, "coder" | "signal">,
  ): Promise<Loan> {
    const { workspace: place } = session;
    const what = `session ${session.id} is in workspace ${place.workspace}`;
    const openNow = (signal: AbortSignal) => openCoder(open, place, what, signal);
    const coder = await openNow(signal);
    if (coder.id !== place.coder) {
      throw new SessionError(
        "conflict",
        `session ${session.id} is in workspace ${place.workspace} of Coder ${place.coder}, and you reach ` +
          `${coder.id} here: nothing was done`,
      );
    }
    this.#prune();
    const known = this.#entries.get(session.id);
    // A session's owner never changes; whoever says otherwise gets nothing of the other's.
    if (known !== undefined && known.session.owner !== session.owner) {
      throw new SessionError("not_found", `you have no session ${session.id}`);
    }
    const access = known ?? new Access(session, this.#parts);
    this.#entries.set(session.id, access);
    return await access.lend(session, coder, openNow, signal);
  }

  /** See `WorkspaceDoor.forget`. */
  forget(sessionId: string): void {
    this.#entries.get(sessionId)?.close();
    this.#entries.delete(sessionId);
  }

  /** All terminals are closed. */
  close(): void {
    for (const id of [...this.#entries.keys()]) this.forget(id);
  }

  #prune(): void {
    const now = this.#clock.now();
    if (now - this.#prunedAt < PRUNE_MS) return;
    this.#prunedAt = now;
    this.#checks.prune(this.#settings.recheckMs);
    for (const [id, { usedAt }] of this.#entries) if (now - usedAt >= FORGET_MS) this.forget(id);
  }
}

/** Coder as the caller. @param what needs it @throws {SessionError} */
export async function openCoder(
  open: OpenCoder | undefined,
  { namespace, controlPlane }: CoderOf,
  what: string,
  signal: AbortSignal,
): Promise<CallersCoder> {
  signal.throwIfAborted();
  if (open === undefined) {
    throw new SessionError(
      "forbidden",
      `${what}, and there is no way to Coder as you here: call as a user that Coder knows`,
    );
  }
  try {
    return await open({ namespace, controlPlane }, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SessionError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new SessionError("unavailable", `${what}, and Coder cannot be reached as you: ${why}`, {
      cause: error,
    });
  }
}
