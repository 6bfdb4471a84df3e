/** The way to one session's workspace, as whoever called last may go it. */
import { CoderError, isForbidden, isNotFound, isUnauthorized, type Terminal } from "../../coder/mod.ts";
import { type Clock, sleep } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Gauge } from "../../telemetry/metrics.ts";
import type { AgentAccess } from "../agent/types.ts";
import type { CallersCoder } from "../coordinator/types.ts";
import { SessionError, type WorkspacePlace } from "../types.ts";
import { type Checked, type Checks, isSaid, maySoonBeGood } from "./checks.ts";
import { failureOf } from "./failures.ts";
import { noRight } from "./find.ts";
import type { LentTo, Loan } from "./types.ts";

export interface AccessSettings {
  /** What Coder has said of a caller's rights is believed for so long, in milliseconds. @default 60 s */
  readonly recheckMs: number;
  /** Terminals stay open so long after the last call, in milliseconds. @default 5 minutes */
  readonly keepMs: number;
}

export const ACCESS: AccessSettings = { recheckMs: 60_000, keepMs: 300_000 };

export interface AccessParts {
  readonly checks: Checks;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: AccessSettings;
  /** Terminals that are open. */
  readonly open: Gauge;
}

/** Coder as the caller, just now: tokens come and go. */
export type OpenNow = (signal: AbortSignal) => Promise<CallersCoder>;

/** Between two tries of a check that nobody waits for. */
const RETRY_MS = 2_000;
/** A token that was given so long ago may have been replaced, and be good no more, in milliseconds. */
const TOKEN_MS = 60_000;
/** Of getting another one. */
const OPEN_MS = 15_000;

export class Access implements AgentAccess {
  /** Absent: nobody's access is good. */
  #coder: CallersCoder | undefined;
  #reopen: OpenNow | undefined;
  #openedAt = -Infinity;
  #checkedAt = -Infinity;
  #usedAt: number;
  #calls = 0;
  readonly #terminals = new Set<Terminal>();
  /** Ends what works with an access that is good no more. */
  #life = new AbortController();
  #refusal: SessionError | undefined;
  #cancelTimer = () => {};
  #isRechecking = false;
  #suspectedAt = -Infinity;
  #isDoubtful = false;
  #session: LentTo;

  constructor(session: LentTo, private readonly parts: AccessParts) {
    this.#session = session;
    this.#usedAt = parts.clock.now();
  }

  get session(): LentTo {
    return this.#session;
  }

  get place(): WorkspacePlace {
    return this.#session.workspace;
  }

  /** Nobody has called since then, by the clock. */
  get usedAt(): number {
    return this.#calls > 0 ? this.parts.clock.now() : this.#usedAt;
  }

  /** For one call. @throws {SessionError} where the caller may not */
  async lend(session: LentTo, coder: CallersCoder, reopen: OpenNow, signal: AbortSignal): Promise<Loan> {
    const { checks, clock, settings: { recheckMs } } = this.parts;
    const isSame = coder.user === this.#coder?.user;
    const hasSame = isSame && coder.credential === this.#coder?.credential;
    let checked: Checked;
    try {
      checked = await checks.check(coder, session.workspace, this.#isDoubtful ? 0 : recheckMs, signal);
      this.#isDoubtful = false;
    } catch (error) {
      signal.throwIfAborted();
      // What an earlier caller has lent with the same is no better; another token of the user may well be.
      if (hasSame && error instanceof SessionError) this.#lose(error);
      throw error;
    }
    // Another user of Coder: what is open was opened with another's rights.
    if (!isSame && this.#coder !== undefined) this.#lose(changedUser(this.place));
    this.#session = session;
    this.#coder = coder;
    this.#reopen = reopen;
    this.#openedAt = clock.now();
    this.#refusal = undefined;
    this.#checkedAt = checked.at;
    this.#calls++;
    this.#usedAt = clock.now();
    this.#arm();
    const { signal: life } = this.#life;
    let isOver = false;
    return {
      signal: life,
      end: () => {
        if (isOver) return;
        isOver = true;
        this.#calls--;
        this.#usedAt = clock.now();
      },
    };
  }

  async terminal(command: string, signal: AbortSignal): Promise<Terminal> {
    const { settings: { recheckMs } } = this.parts;
    const coder = await this.#current(signal);
    if (coder === undefined) throw this.#refusal ?? nobody(this.place);
    const checked = await this.#checked(coder, recheckMs, signal);
    this.#checkedAt = Math.max(this.#checkedAt, checked.at);
    this.#arm();
    const agentId = checked.agentId(this.place.agent);
    try {
      return await this.#open(coder, agentId, command, signal);
    } catch (error) {
      if (!(error instanceof CoderError) || signal.aborted) throw this.#told(error, signal);
      // The workspace may have been built anew since: then its agent has another id.
      const now = await this.#checked(coder, 0, signal);
      const newId = now.agentId(this.place.agent);
      if (newId === agentId) throw this.#told(error, signal);
      try {
        return await this.#open(coder, newId, command, signal);
      } catch (error) {
        throw this.#told(error, signal);
      }
    }
  }

  /** Calls that run need not find out by themselves what Coder says of the workspace. */
  async #checked(coder: CallersCoder, maxAgeMs: number, signal: AbortSignal): Promise<Checked> {
    try {
      return await this.parts.checks.check(coder, this.place, maxAgeMs, signal);
    } catch (error) {
      if (!signal.aborted && this.#coder === coder && isSaid(error)) this.#lose(error);
      throw error;
    }
  }

  /** Who lent it last, with a token that is good. Undefined: nobody's is. */
  async #current(signal: AbortSignal): Promise<CallersCoder | undefined> {
    const { clock } = this.parts;
    const coder = this.#coder;
    if (coder === undefined || clock.now() - this.#openedAt < TOKEN_MS) return coder;
    const now = await this.#reopen!(AbortSignal.any([signal, AbortSignal.timeout(OPEN_MS)]));
    // Another call may have lent its own, or it is somebody else by now.
    if (this.#coder !== coder) return this.#coder;
    if (now.user !== coder.user || now.id !== coder.id) {
      this.#lose(changedUser(this.place));
      return undefined;
    }
    this.#openedAt = clock.now();
    return this.#coder = now;
  }

  /** Closes all terminals; a later call may lend it again. */
  close(): void {
    this.#cancelTimer();
    this.#lose(new SessionError("session_ended", `the session in workspace ${this.place.workspace} is over`));
  }

  async #open(
    coder: CallersCoder,
    agentId: string,
    command: string,
    signal: AbortSignal,
  ): Promise<Terminal> {
    const { signal: life } = this.#life;
    const either = AbortSignal.any([signal, life]);
    const terminal = await coder.client.terminals.open({ agentId, command }, either);
    if (life.aborted) {
      terminal.close();
      throw life.reason;
    }
    let isOurs = false;
    const close = () => {
      isOurs = true;
      terminal.close();
    };
    const { reconnect, output, closed } = terminal;
    const own: Terminal = {
      reconnect,
      output,
      closed,
      type: (text, signal) => terminal.type(text, signal),
      close,
    };
    this.#terminals.add(own);
    this.parts.open.inc();
    void closed.then(() => {
      this.#terminals.delete(own);
      this.parts.open.dec();
      if (!isOurs) void this.#suspect();
    });
    return own;
  }

  /** A terminal has ended by itself: the workspace may be about to stop, which Coder knows before new ones fail. */
  async #suspect(): Promise<void> {
    const { clock } = this.parts;
    const coder = this.#coder;
    // The next call has it looked at.
    if (this.#calls === 0) this.#isDoubtful = true;
    if (coder === undefined || this.#calls === 0 || clock.now() - this.#suspectedAt < RETRY_MS) return;
    this.#suspectedAt = clock.now();
    // What comes of it is told to the calls that run.
    await this.#checked(coder, 0, this.#life.signal).catch(() => {});
  }

  #told(error: unknown, signal: AbortSignal): unknown {
    const { agent, workspace } = this.place;
    const user = this.#coder?.user ?? "";
    // The check has said that the caller may, and the agent is there.
    if (isNotFound(error)) return noRight(workspace, user);
    if (isUnauthorized(error) || isForbidden(error)) {
      this.#lose(failureOf(error, `open a terminal in workspace ${workspace}`, signal) as SessionError);
    }
    return failureOf(error, `open a terminal of agent ${agent} of workspace ${workspace}`, signal);
  }

  /** Looks again before what was said is too old, as long as somebody works with it. */
  #arm(): void {
    const { clock, settings: { recheckMs } } = this.parts;
    this.#cancelTimer();
    const delayMs = Math.max(0, this.#checkedAt + recheckMs / 2 - clock.now());
    this.#cancelTimer = clock.setTimer(() => void this.#recheck(), delayMs);
  }

  async #recheck(): Promise<void> {
    if (this.#isRechecking) return;
    this.#isRechecking = true;
    try {
      await this.#lookAgain();
    } finally {
      this.#isRechecking = false;
    }
  }

  async #lookAgain(): Promise<void> {
    const { checks, clock, log, settings: { keepMs, recheckMs } } = this.parts;
    const until = this.#checkedAt + recheckMs;
    const isIdle = () =>
      this.#calls === 0 && (clock.now() - this.#usedAt >= keepMs || this.#terminals.size === 0);
    const { signal } = this.#life;
    const checkedAt = this.#checkedAt;
    // Whoever calls meanwhile has it looked at, and it is armed anew.
    while (!signal.aborted && this.#checkedAt === checkedAt) {
      // Who calls after a while is looked at anew, and opens others.
      if (isIdle()) return this.#closeTerminals();
      try {
        const coder = await this.#current(signal);
        if (coder === undefined) return;
        const { at } = await checks.check(coder, this.place, recheckMs / 2, signal);
        if (signal.aborted) return;
        this.#checkedAt = Math.max(this.#checkedAt, at);
        return this.#arm();
      } catch (error) {
        if (signal.aborted || this.#checkedAt !== checkedAt) return;
        const why = error instanceof SessionError ? error : new SessionError(
          "unavailable",
          `nobody can say whether you may work in workspace ${this.place.workspace}`,
          {
            cause: error,
          },
        );
        if (!maySoonBeGood(why) || clock.now() + RETRY_MS >= until) {
          log.info("a caller's access to a workspace is good no more", {
            session_id: this.#session.id,
            workspace: this.place.workspace,
            user: this.#coder?.user,
            error,
          });
          return this.#lose(why);
        }
      }
      await sleep(RETRY_MS, signal, clock);
    }
  }

  #lose(why: SessionError): void {
    this.#coder = undefined;
    this.#reopen = undefined;
    this.#refusal = why;
    this.#cancelTimer();
    const life = this.#life;
    this.#life = new AbortController();
    life.abort(why);
    this.#closeTerminals();
  }

  #closeTerminals(): void {
    for (const terminal of this.#terminals) terminal.close();
  }
}

function nobody({ workspace }: WorkspacePlace): SessionError {
  return new SessionError("unavailable", `nobody who may work in workspace ${workspace} has called yet`);
}

function changedUser({ workspace }: WorkspacePlace): SessionError {
  return new SessionError(
    "unavailable",
    `you are another user of Coder now: what was done in workspace ${workspace} as the one before was given up`,
  );
}
