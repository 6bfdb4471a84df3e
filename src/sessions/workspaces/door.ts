/** Coder workspaces for sessions: see {@linkcode WorkspaceDoor}. */
import { type Clock, systemClock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { type Counter, type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import type { FindAccess } from "../agent/types.ts";
import type { SessionCallOptions, WorkspaceWish } from "../coordinator/types.ts";
import { SessionError } from "../types.ts";
import type { AccessSettings } from "./access.ts";
import { AccessBook, openCoder } from "./access_book.ts";
import { chooseAgent } from "./agents.ts";
import { BRING_UP, bringUp, type BringUpSettings, startNeeded } from "./bring_up.ts";
import { telling } from "./failures.ts";
import { findWorkspace, mayOpenTerminals, noRight } from "./find.ts";
import { readReference } from "./reference.ts";
import { nameOf, verdictOf } from "./state.ts";
import type { FoundWorkspace, LentTo, Loan, ReadyWorkspace, WorkspaceDoor } from "./types.ts";

export interface WorkspaceDoorOptions {
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  readonly clock?: Clock | undefined;
  readonly access?: Partial<AccessSettings> | undefined;
  readonly bringUp?: Partial<BringUpSettings> | undefined;
}

/** What carries sessions in workspaces out reaches them by this. */
export interface AccessSource {
  readonly find: FindAccess;
  /** The session, as its caller lent access to it last. */
  session(sessionId: string): LentTo | undefined;
}

export interface OpenedWorkspaceDoor extends WorkspaceDoor {
  readonly access: AccessSource;
  /** Closes all terminals. Their commands go on for a while. */
  close(): void;
}

/** Makes it. */
export function createWorkspaceDoor(options: WorkspaceDoorOptions): OpenedWorkspaceDoor {
  return new Door(options);
}

class Door implements OpenedWorkspaceDoor {
  readonly #book: AccessBook;
  readonly #starts: Counter;
  readonly #clock: Clock;

  constructor(private readonly options: WorkspaceDoorOptions) {
    const { access: settings, clock = systemClock, metrics = noMetrics } = options;
    this.#clock = clock;
    this.#book = new AccessBook({ ...options, settings });
    this.#starts = metrics.counter(
      "coordinator_workspace_starts_total",
      "Workspaces that were started for sessions",
    );
  }

  get access(): AccessSource {
    return this.#book;
  }

  async find(wish: WorkspaceWish, { coder: open, signal }: SessionCallOptions): Promise<FoundWorkspace> {
    const reference = readReference(wish.workspace);
    const directory = readDirectory(wish.directory ?? "");
    const what = `the session is to be in workspace ${wish.workspace}`;
    const coder = await openCoder(open, wish, what, signal);
    const workspace = await findWorkspace(coder, reference, signal);
    const name = nameOf(workspace);
    const may = await telling(
      `look whether you may work in workspace ${name}`,
      signal,
      () => mayOpenTerminals(coder, workspace, signal),
    );
    if (!may) throw noRight(name, coder.user);
    const verdict = verdictOf(workspace);
    if (verdict.is === "lost") throw new SessionError(verdict.code, `workspace ${name} ${verdict.why}`);
    if (wish.start !== true) {
      if (verdict.is === "stopped") throw startNeeded(workspace, verdict.why);
      if (verdict.is === "busy") {
        throw new SessionError(
          "unavailable",
          `workspace ${name} ${verdict.why}: try again when that is over, with start: true`,
        );
      }
    }
    // Where it does not run, it has no agents yet.
    const agent = verdict.is === "running"
      ? chooseAgent(workspace, reference.agent ?? "").name
      : reference.agent ?? "";
    return {
      coder,
      place: {
        coder: coder.id,
        namespace: wish.namespace,
        controlPlane: wish.controlPlane,
        workspaceId: workspace.id,
        workspace: name,
        ownerId: workspace.owner_id,
        agent,
        directory,
        files: wish.files ?? "workspace",
      },
    };
  }

  async ready(
    { coder, place }: FoundWorkspace,
    { start = false }: Pick<WorkspaceWish, "start">,
    options: Parameters<WorkspaceDoor["ready"]>[2],
  ): Promise<ReadyWorkspace> {
    const { log } = this.options;
    const { agent, warning } = await bringUp({
      ...options,
      coder,
      workspaceId: place.workspaceId,
      agent: place.agent,
      start,
      settings: { ...BRING_UP, ...this.options.bringUp },
      clock: this.#clock,
      log,
      onStart: () => this.#starts.inc(),
    });
    return { place: { ...place, agent: agent.name }, warning };
  }

  lend(session: LentTo, options: Pick<SessionCallOptions, "coder" | "signal">): Promise<Loan> {
    return this.#book.lend(session, options);
  }

  forget(sessionId: string): void {
    this.#book.forget(sessionId);
  }

  close(): void {
    this.#book.close();
  }
}

const MAX_DIRECTORY = 1_024;

/** @throws {SessionError} `invalid` */
function readDirectory(directory: string): string {
  // deno-lint-ignore no-control-regex
  if (directory.length <= MAX_DIRECTORY && !/[\u0000-\u001f\u007f]/.test(directory)) return directory;
  throw new SessionError(
    "invalid",
    `directory: at most ${MAX_DIRECTORY} characters and no control characters; it is below the agent's directory, or ` +
      "absolute",
  );
}
