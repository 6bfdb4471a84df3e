/** Everything that can be done to one Coder, with what goes on with it in the background. */
import type { Backend } from "../inventory/mod.ts";
import { type Clock, sleep, systemClock } from "../telemetry/clock.ts";
import { type Logger, silentLogger } from "../telemetry/logger.ts";
import type { AuditSink } from "./audit.ts";
import {
  type BuildWait,
  type ChangeStore,
  TemplateActions,
  type TemplateAuditEntry,
} from "./templates/mod.ts";
import { createWorkspaceActions, type WorkspaceActions } from "./workspaces/actions.ts";
import { Keeper, type OnRefused } from "./workspaces/keeper.ts";
import type { WishStore } from "./workspaces/store.ts";
import { Turns } from "./workspaces/turns.ts";
import type { ActionWorld } from "./workspaces/world.ts";

export interface WorkbenchOptions {
  readonly backend: Pick<Backend, "id" | "copy" | "open">;
  readonly wishes: WishStore;
  readonly changes: ChangeStore;
  /** Hears of every action. Must not throw. */
  readonly audit: AuditSink & { template(entry: TemplateAuditEntry): void };
  /** Hears of wishes for workspaces that are refused after their callers were answered. */
  readonly onRefused?: OnRefused;
  /** How imports of templates are waited for. */
  readonly wait?: BuildWait;
  /** How long a request may wait for the import of a template's first version, in milliseconds. @default {20_000} */
  readonly answerMs?: number;
  /** Monotonic. @default {the machine's} */
  readonly clock?: Clock;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly now?: () => number;
  readonly log?: Logger;
}

export interface Workbench {
  readonly workspaces: WorkspaceActions;
  readonly templates: TemplateActions;
  /** A wish has been kept, or a workspace has changed for which there is one: looks at once. */
  wake(): void;
  /** Goes on with what is kept until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Between two looks at changes of templates that other replicas have left, in milliseconds. */
const RESUME_MS = 10_000;

/** Makes it; nothing is asked before `run`. */
export function createWorkbench(options: WorkbenchOptions): Workbench {
  const { backend, wishes, changes, audit, clock = systemClock, now = Date.now } = options;
  const log = options.log ?? silentLogger;
  // Somebody waits for what is done here.
  const open = async (signal: AbortSignal) => {
    const client = await backend.open(signal);
    return client.prompt ?? client;
  };
  const newId = () => crypto.randomUUID();
  const world: ActionWorld = { open, store: wishes, copy: backend.copy, audit, now, newId };
  const turns = new Turns();
  const keeper = new Keeper({ world, turns, clock, log, onRefused: options.onRefused });
  const templates = new TemplateActions({
    open,
    store: changes,
    copy: backend.copy,
    audit: (entry) => audit.template(entry),
    clock,
    now,
    newId,
    log,
    ...(options.wait === undefined ? {} : { wait: options.wait }),
    ...(options.answerMs === undefined ? {} : { answerMs: options.answerMs }),
  });

  async function resume(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await templates.resume(signal);
      } catch (error) {
        if (!signal.aborted) {
          log.warn("changes of templates cannot be looked at", { coder: backend.id, error });
        }
      }
      await sleep(RESUME_MS, signal, clock);
    }
    await templates.close();
  }

  return {
    workspaces: createWorkspaceActions(world, turns),
    templates,
    wake: () => keeper.wake(),
    run: async (signal) => void await Promise.all([keeper.run(signal), resume(signal)]),
  };
}
