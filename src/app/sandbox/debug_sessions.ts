/** `/debug/sessions`: whose sessions there are, and where. For administrators; nothing of what is in them. */
import { ToolError } from "../../mcp/errors.ts";
import type { Visitor } from "../../mcp/surface.ts";
import type { Sessions } from "../../sessions/coordinator/types.ts";
import { isAdmin } from "./admins.ts";
import type { WorkspacePlace } from "../../sessions/types.ts";
import type { CoordinatorConfig } from "./config.ts";

function workspaceOf({ coder, workspace, agent, directory, files }: WorkspacePlace) {
  return { coder, name: workspace, agent, directory, files };
}

/** Makes the document. */
export function debugSessions(
  sessions: Pick<Sessions, "everybody">,
  config: Pick<CoordinatorConfig, "admins">,
): (visitor: Visitor, signal: AbortSignal) => Promise<unknown> {
  return async ({ caller }, signal) => {
    if (!isAdmin(config, caller)) {
      throw new ToolError(
        "forbidden",
        `${caller.user.name} may not see everybody's sessions: the coordinator's --admins must name you`,
      );
    }
    const { sessions: records, workers } = await sessions.everybody(signal);
    const time = (at: number) => new Date(at).toISOString();
    return {
      sessions: records.map((record) => ({
        id: record.id,
        name: record.name,
        owner: record.ownerName,
        state: record.state,
        reason: record.reason,
        worker: record.workerId,
        isolation: record.isolation,
        ...(record.workspace === undefined ? {} : { workspace: workspaceOf(record.workspace) }),
        labels: record.labels,
        createdAt: time(record.createdAt),
        lastUsedAt: time(record.lastUsedAt),
        expiresAt: time(record.expiresAt),
      })),
      workers: workers.map(({ id, hello, load, isConnected, isDraining, lastHeardAt, sessions }) => ({
        id,
        state: !isConnected ? "disconnected" : isDraining ? "draining" : "connected",
        version: hello.version,
        isolation: hello.isolation,
        labels: hello.labels,
        capacity: hello.capacity,
        sessions,
        runningTasks: load.runningTasks,
        processes: load.processes,
        memoryBytes: load.memoryBytes,
        freeDiskBytes: load.freeDiskBytes,
        lastHeardAt: time(lastHeardAt),
      })),
    };
  };
}
