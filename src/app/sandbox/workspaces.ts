/** Sessions in Coder workspaces: the door to these, and the worker that works through their agents. */
import { createWorkspaceDoor } from "../../sessions/workspaces/door.ts";
import type { WorkspaceDoor } from "../../sessions/workspaces/types.ts";
import { openWorkspaceWorker } from "../../sessions/workspaces/worker.ts";
import type { WorkerHub } from "../../sessions/wire/hub.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { buildInfo } from "../version.ts";
import type { Ends } from "./ends.ts";

export interface WorkspacesOptions {
  readonly hub: WorkerHub;
  /** How long tasks may take to end, in milliseconds. */
  readonly drainMs: number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Opens both; `ends` ends them. */
export async function openWorkspaces(
  { hub, drainMs, log, metrics }: WorkspacesOptions,
  ends: Ends,
): Promise<WorkspaceDoor> {
  // Loaded where there is a Coder.
  const { createAgentHost } = await import("../../sessions/agent/host.ts");
  const door = createWorkspaceDoor({ log, metrics });
  ends.add("terminals of workspaces", () => door.close());
  const host = createAgentHost({ access: door.access.find, log });
  const worker = openWorkspaceWorker({
    hub,
    access: door.access,
    host,
    version: buildInfo().version,
    drainMs,
    log,
  });
  ends.add("sessions in workspaces", () => worker.close());
  ends.run("the worker of sessions in workspaces", (ended) => worker.run(ended));
  return door;
}
