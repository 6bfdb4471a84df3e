/**
 * The worker that is no process of its own: sessions in Coder workspaces, carried out by the workspaces' agents. Each
 * coordinator has it, under one name and as one incarnation: what one has begun, any of them goes on with.
 */
import { inWorkspace } from "../coordinator/tasks.ts";
import type { Task, TaskEvent, TaskExecutor, TaskOutcome } from "../link.ts";
import { sessionClose, sessionOpen } from "../operations.ts";
import type { SandboxHost } from "../sandbox/types.ts";
import type { WorkerHello, WorkerLoad } from "../types.ts";
import type { WorkerHub } from "../wire/hub.ts";
import { createLocalPair } from "../wire/local_pair.ts";
import type { WorkerClient, WorkerLoopOptions } from "../wire/worker_loop.ts";
import { WORKSPACES_WORKER } from "../wire/worker_ids.ts";
import { CAPABILITIES, createExecutor, type Executor } from "../worker/executor.ts";
import type { AccessSource } from "./door.ts";

export interface WorkspaceWorkerOptions
  extends Pick<WorkerLoopOptions, "log" | "clock" | "random" | "heartbeatMs" | "drainMs"> {
  readonly hub: WorkerHub;
  readonly access: AccessSource;
  /** Opens sessions by their agents, with `access`. */
  readonly host: SandboxHost;
  /** Of this program. */
  readonly version: string;
  /** Sessions that this process has open at once. @default {10_000} */
  readonly capacity?: number | undefined;
}

export interface WorkspaceWorker {
  readonly executor: TaskExecutor;
  /** As `WorkerClient.run`. */
  run(signal: AbortSignal): Promise<void>;
  /** Lets go of all sessions: what they have in their workspaces goes on. */
  close(): Promise<void>;
}

/** Makes it. */
export function openWorkspaceWorker(options: WorkspaceWorkerOptions): WorkspaceWorker {
  const { hub, access, host, version, capacity = 10_000, ...loop } = options;
  const inner = createExecutor({
    host,
    isShared: true,
    capacity,
    log: loop.log,
    clock: loop.clock,
  });
  const executor = new OpeningExecutor(inner, access);
  const hello: WorkerHello = {
    incarnation: WORKSPACES_WORKER,
    version,
    labels: {},
    capabilities: CAPABILITIES,
    isolation: "workspace",
    capacity,
    sharedStorage: "",
  };
  const client: WorkerClient = createLocalPair({ ...loop, hub, id: WORKSPACES_WORKER, hello, executor });
  return {
    executor,
    run: (signal) => client.run(signal),
    async close() {
      await inner.close();
      await host.close();
    },
  };
}

/** Opens sessions that another process, or an earlier one, has had. */
class OpeningExecutor implements TaskExecutor {
  /** Those that were opened here. */
  readonly #open = new Set<string>();

  constructor(private readonly inner: Executor, private readonly access: AccessSource) {}

  load(): WorkerLoad {
    return this.inner.load();
  }

  async execute(task: Task, tell: (event: TaskEvent) => void, signal: AbortSignal): Promise<TaskOutcome> {
    const { operation, sessionId } = task;
    if (operation === sessionClose.name) {
      this.#open.delete(sessionId);
      return await this.inner.execute(task, tell, signal);
    }
    if (operation !== sessionOpen.name && !this.#open.has(sessionId)) {
      const opening = this.#opening(task);
      if (opening === undefined) {
        return {
          ok: false,
          code: "unavailable",
          message:
            `nothing was done: nobody who may work in the workspace of session ${sessionId} has called yet`,
        };
      }
      const outcome = await this.inner.execute(opening, tell, signal);
      if (!outcome.ok) return outcome;
      this.#open.add(sessionId);
    }
    const outcome = await this.inner.execute(task, tell, signal);
    if (operation === sessionOpen.name && outcome.ok) this.#open.add(sessionId);
    // Closed meanwhile by another coordinator, or by this one: who asks again finds out which.
    if (!outcome.ok && outcome.code === "session_ended") this.#open.delete(sessionId);
    return outcome;
  }

  /** What it takes to open the session of a task as it was made; undefined where that is not known here. */
  #opening(task: Task): Task | undefined {
    const session = this.access.session(task.sessionId);
    if (session === undefined) return undefined;
    return {
      ...task,
      id: `${task.id}-open`,
      operation: sessionOpen.name,
      input: { limits: session.limits, existing: true, ...inWorkspace(session) },
      body: undefined,
    };
  }
}
