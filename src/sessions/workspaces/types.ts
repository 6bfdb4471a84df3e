/** Coder workspaces, as the coordinator of sessions needs them: found, started and reached with callers' own rights alone. */
import type { TaskEvent } from "../link.ts";
import { SessionError, type SessionRecord, type WorkspacePlace } from "../types.ts";
import type { CallersCoder, SessionCallOptions, WorkspaceWish } from "../coordinator/types.ts";

/** The workspace of a session that is to be made. */
export interface FoundWorkspace {
  /** `agent` is empty where none was named and the workspace is not running: it has no agents then. */
  readonly place: WorkspacePlace;
  readonly coder: CallersCoder;
}

/** A workspace that can be worked in. */
export interface ReadyWorkspace {
  readonly place: WorkspacePlace;
  /** What is not as it should be, for people; empty where all is well. */
  readonly warning: string;
}

/** A caller's access that a call works with. */
export interface Loan {
  /** Aborts with a `SessionError` where the caller may not any more. */
  readonly signal: AbortSignal;
  /** The call is over. Twice is no more than once. */
  end(): void;
}

/** What a session is reached by. */
export type LentTo = Pick<SessionRecord, "id" | "owner" | "limits" | "ttlMs"> & {
  readonly workspace: WorkspacePlace;
};

/** Every method rejects with `SessionError`, and with the reason of its signal. */
export interface WorkspaceDoor {
  /**
   * The workspace that is wished for. Changes nothing.
   * @throws {StartNeeded} where it is stopped, and the wish does not say that it is to be started
   */
  find(wish: WorkspaceWish, options: SessionCallOptions): Promise<FoundWorkspace>;
  /** Starts it where it is stopped and that is wished; waits until its agent is connected, for `timeoutMs`. */
  ready(
    found: FoundWorkspace,
    wish: Pick<WorkspaceWish, "start">,
    options: Pick<SessionCallOptions, "signal"> & {
      readonly onEvent?: ((event: TaskEvent) => void) | undefined;
      readonly timeoutMs: number;
    },
  ): Promise<ReadyWorkspace>;
  /** Lends the caller's access to a session of theirs, for one call. */
  lend(session: LentTo, options: Pick<SessionCallOptions, "coder" | "signal">): Promise<Loan>;
  /** A session is over: nothing more is done in it. */
  forget(sessionId: string): void;
}

/** Nothing was done: the workspace is stopped, and nobody has agreed to start it. */
export class StartNeeded extends SessionError {
  /**
   * @param workspace `<owner>/<workspace>`
   * @param question what somebody may agree to, such as `Start the workspace ann/dev`
   * @param build the latest one: who agrees agrees to what is after that
   */
  constructor(
    message: string,
    readonly workspace: string,
    readonly question: string,
    readonly build: string,
  ) {
    super("unavailable", message);
  }
}

/** @param what such as `the session is to be in workspace dev` */
export function noWorkspaces(what: string): SessionError {
  return new SessionError("unavailable", `${what}, and there are no sessions in Coder workspaces here`);
}

/** The workspace was deleted: nothing is left of a session there. */
export class WorkspaceDeleted extends SessionError {
  constructor(message: string) {
    super("session_ended", message);
  }
}
