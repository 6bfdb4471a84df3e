/** A Coder with workspaces that do what a test says. For tests alone. */
import {
  type CallDescription,
  CoderApiError,
  type CoderClient,
  type CoderErrorKind,
  type CoderErrorReason,
  type Terminal,
  type TerminalRequest,
  type Workspace,
  type WorkspaceAgent,
} from "../../coder/mod.ts";
import { agent, build, uuid, workspace } from "../../inventory/testing/records.ts";
import type { CallersCoder, OpenCoder } from "../coordinator/types.ts";
import { SessionError, STANDARD_LIMITS, type WorkspacePlace } from "../types.ts";
import type { LentTo } from "./types.ts";

const CALL: CallDescription = { method: "GET", route: "/api/v2/test" };

/** What Coder refuses with. */
export function refusal(
  kind: CoderErrorKind,
  status: number,
  message = "no",
  reason?: CoderErrorReason,
): CoderApiError {
  return new CoderApiError(message, {
    kind,
    call: CALL,
    status,
    ...(reason === undefined ? {} : { reason }),
  });
}

/** One terminal that was opened. */
export class ModelTerminal implements Terminal {
  readonly reconnect = crypto.randomUUID();
  readonly #closed = Promise.withResolvers<{ code: number; reason: string }>();
  readonly closed = this.#closed.promise;
  isOpen = true;
  readonly output: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() {} };

  constructor(readonly request: TerminalRequest, readonly user: string) {}

  type(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.end();
  }

  /** As where the agent ends it. */
  end(): void {
    this.isOpen = false;
    this.#closed.resolve({ code: 1000, reason: "" });
  }
}

/** Workspaces and users of one Coder. */
export class ModelCoder {
  readonly workspaces: Workspace[] = [];
  /** Who may not open terminals although they see a workspace. */
  readonly withoutSsh = new Set<string>();
  /** Whose calls are refused. */
  readonly suspended = new Set<string>();
  /** What the next calls of a name fail with, before anything is done. */
  readonly failures = new Map<string, unknown[]>();
  readonly terminals: ModelTerminal[] = [];
  /** Calls, by name and user. */
  readonly calls: string[] = [];
  /** What the log of the latest build says. */
  log: { id: number; stage: string; output: string }[] = [];
  /** What happens when a build is asked for. */
  onBuild: (workspace: Workspace) => void = () => {};
  /** Ids of agents that are connected. */
  #ids = 100;

  /** Adds one that runs, with one agent. */
  add(changes: Partial<Workspace> = {}, agents: readonly Partial<WorkspaceAgent>[] = [{}]): Workspace {
    const n = this.workspaces.length;
    const made = workspace({
      id: uuid(1_000 + n),
      name: "dev",
      owner_id: uuid(2_000),
      owner_name: "ann",
      latest_build: build({ id: uuid(3_000 + n), resources: this.#resources(agents) }),
      ...changes,
    });
    this.workspaces.push(made);
    return made;
  }

  #resources(agents: readonly Partial<WorkspaceAgent>[]) {
    return [{ agents: agents.map((one) => agent({ id: uuid(this.#ids++), ...one })) }];
  }

  /** Its latest build is another, or another way. */
  set(
    id: string,
    status: string,
    agents: readonly Partial<WorkspaceAgent>[] = [],
    changes: Partial<Workspace["latest_build"]> = {},
  ): void {
    this.change(id, ({ latest_build: latest }) => ({
      latest_build: { ...latest, status, resources: this.#resources(agents), ...changes },
    }));
  }

  change(id: string, change: (workspace: Workspace) => Partial<Workspace>): void {
    const index = this.workspaces.findIndex((one) => one.id === id);
    const known = this.workspaces[index]!;
    this.workspaces[index] = { ...known, ...change(known) };
  }

  /** As coderd does: 410 from then on. */
  delete(id: string): void {
    this.set(id, "deleted", [], { transition: "delete" });
  }

  get(id: string): Workspace {
    return this.workspaces.find((one) => one.id === id)!;
  }

  count(call: string): number {
    return this.calls.filter((one) => one.startsWith(`${call} `)).length;
  }

  /** As a user; `sees` says which workspaces they see. */
  as(user: string, sees: (workspace: Workspace) => boolean = () => true): CallersCoder {
    const begin = (name: string) => {
      this.calls.push(`${name} ${user}`);
      const failure = this.failures.get(name)?.shift();
      if (failure !== undefined) throw failure;
      if (this.suspended.has(user)) {
        throw refusal("unauthorized", 401, "the user is suspended", "userInactive");
      }
    };
    const seen = (id: string) => {
      const found = this.workspaces.find((one) => one.id === id);
      if (found === undefined || !sees(found)) throw refusal("notFound", 404, "not found");
      if (found.latest_build.status === "deleted") throw refusal("notFound", 410, "deleted");
      return found;
    };
    // deno-lint-ignore require-await -- rejects as the real ones do
    const call = <A extends unknown[], R>(name: string, run: (...args: A) => R) => async (...args: A) => {
      begin(name);
      return run(...args);
    };
    const isNamed = (one: Workspace, owner: string, name: string) =>
      one.owner_name === (owner === "me" ? user : owner) && one.name === name && sees(one) &&
      one.latest_build.status !== "deleted";
    const client = {
      workspaces: {
        get: call("get", seen),
        find: call(
          "find",
          (owner: string, name: string) => this.workspaces.find((one) => isNamed(one, owner, name)),
        ),
        list: call("list", () => {
          const found = this.workspaces.filter(sees);
          return { workspaces: found, count: found.length };
        }),
      },
      users: { authCheck: call("authCheck", () => ({ ssh: !this.withoutSsh.has(user) })) },
      builds: {
        log: call("log", (_: string, { after = 0 }: { after?: number | undefined } = {}) => ({
          items: this.log.filter(({ id }) => id > after).map((line) => ({
            ...line,
            created_at: "2026-05-01T10:00:00Z",
            log_level: "info",
          })),
          problems: [],
        })),
      },
      workspaceChanges: {
        build: call("build", (id: string, { transition }: { transition: string }) => {
          const known = seen(id);
          if (["pending", "starting", "stopping"].includes(known.latest_build.status)) {
            throw refusal("conflict", 409, "A workspace build is already active.");
          }
          const next = {
            build_number: known.latest_build.build_number + 1,
            transition,
            id: uuid(this.#ids++),
          };
          this.set(id, "pending", [], next);
          this.onBuild(this.get(id));
          return this.get(id).latest_build;
        }),
        buildParameters: call("buildParameters", () => []),
      },
      terminals: {
        open: call("open", (request: TerminalRequest, signal: AbortSignal) => {
          signal.throwIfAborted();
          const agents = this.workspaces.flatMap(({ latest_build: { resources } }) => resources).flatMap((
            { agents },
          ) => agents);
          const found = agents.find(({ id }) => id === request.agentId);
          if (found === undefined || this.withoutSsh.has(user)) {
            throw refusal("notFound", 404, "no such agent");
          }
          if (found.status !== "connected") throw refusal("unavailable", 502, "not connected", "agentAway");
          const terminal = new ModelTerminal(request, user);
          this.terminals.push(terminal);
          return terminal;
        }),
      },
    };
    return { id: "lab/acme", client: client as unknown as CoderClient, user };
  }

  /** What opens it as a user. */
  opens(user: string, sees?: (workspace: Workspace) => boolean): OpenCoder {
    return () => Promise.resolve(this.as(user, sees));
  }
}

export function placeOf(
  { id, name, owner_id: ownerId, owner_name: owner }: Workspace,
  changes: Partial<WorkspacePlace> = {},
): WorkspacePlace {
  return {
    coder: "lab/acme",
    namespace: "lab",
    controlPlane: "acme",
    workspaceId: id,
    workspace: `${owner}/${name}`,
    ownerId,
    agent: "main",
    directory: "",
    files: "workspace",
    ...changes,
  };
}

export function lentTo(workspace: Workspace, changes: Partial<LentTo> = {}): LentTo {
  return {
    id: "sess-abcdefgh12345678",
    owner: "ann",
    limits: STANDARD_LIMITS,
    ttlMs: 1_800_000,
    workspace: placeOf(workspace),
    ...changes,
  };
}

/** What a promise is refused with. */
export async function refused(promise: Promise<unknown>): Promise<SessionError> {
  const error = await promise.then(() => undefined, (error) => error);
  if (error instanceof SessionError) return error;
  throw error ?? new Error("it was not refused");
}
