/** Sessions in Coder workspaces at the MCP server: with each caller's own rights in Coder, and no worker beside it. */
import { STANDARD_LIMITS } from "../../sessions/types.ts";
import type { Runnable } from "../../reconciler/runnable.ts";
import { whenAborted } from "../../telemetry/clock.ts";
import type { Health } from "../../telemetry/health.ts";
import { noTracer } from "../../telemetry/tracing.ts";
import type { Config } from "../config.ts";
import type { Core } from "../part.ts";
import { Ends } from "../sandbox/ends.ts";
import { type SessionsSlot, sessionsSlot } from "../sandbox/sessions_slot.ts";

/** What sessions of the MCP server are told; the rest is as `coordinator` has it where nothing is said. */
const SETTINGS = {
  grpcBindAddress: null,
  grpcInsecure: false,
  workerHeartbeatTimeout: 300_000,
  sessionMaxTtl: 24 * 3_600_000,
  limits: STANDARD_LIMITS,
  cleanupInterval: 300_000,
  taskTimeout: 300_000,
  maxRetries: 3,
  checkpointMaxAge: 24 * 3_600_000,
  checkpointBytes: 2 ** 30,
} as const;

export interface McpSessions {
  readonly sessions: SessionsSlot["sessions"];
  /** Opens them, and closes them at its end. */
  readonly runnable: Runnable;
  /** Resolves when they are open: nothing is to be served before. */
  whenReady(signal: AbortSignal): Promise<void>;
}

export type McpSessionsOptions = Pick<Core, "redactor" | "metrics" | "log"> & {
  readonly config: Config;
  /** Gets a readiness check where sessions are kept elsewhere. */
  readonly health?: Health | undefined;
};

/** Makes them; nothing is opened before they run. */
export function mcpSessions(options: McpSessionsOptions): McpSessions {
  const { config, redactor, metrics, log, health } = options;
  const slot = sessionsSlot();
  const ready = Promise.withResolvers<void>();
  return {
    sessions: slot.sessions,
    async whenReady(signal) {
      await Promise.race([ready.promise, whenAborted(signal)]);
      signal.throwIfAborted();
    },
    runnable: {
      name: "sessions in workspaces",
      phase: "serving",
      async run(signal) {
        // Loaded where they are wanted.
        const { openSessionStore } = await import("../sandbox/session_store.ts");
        const { openCoordinatorCore } = await import("../sandbox/coordinator_core.ts");
        await using ends = new Ends();
        try {
          const context = { log, metrics, redactor, signal };
          const stores = await openSessionStore(
            { ...config, ...SETTINGS },
            // Keys are kept where all MCP servers have them.
            { ...context, withoutKeys: true },
          );
          ends.add("the session store", () => stores.close());
          health?.add("readiness", "session store", () => stores.health() ?? "");
          if (!stores.isShared && config.app !== "mcp-stdio") {
            log.info("sessions are in the memory of this process: several replicas need --session-store");
          }
          const core = await openCoordinatorCore(
            { ...config, ...SETTINGS, inWorkspaces: true },
            { ...context, stores, tracer: noTracer },
            ends,
          );
          slot.fill(core.sessions);
          ready.resolve();
          await whenAborted(signal);
        } catch (error) {
          if (!signal.aborted) throw error;
        }
      },
    },
  };
}
