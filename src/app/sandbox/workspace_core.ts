/** Sessions of a worker that runs in a Coder workspace: as the workspace's user, with its files, programs and network. */
import { openSandboxHost } from "../../sessions/sandbox/host.ts";
import { CAPABILITIES, createExecutor } from "../../sessions/worker/executor.ts";
import { newIncarnation } from "../../sessions/incarnation.ts";
import { tracedExecutor, tracedHost } from "../../sessions/tracing.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Tracer } from "../../telemetry/tracing.ts";
import { buildInfo } from "../version.ts";
import type { WorkerConfig } from "./config.ts";
import type { Ends } from "./ends.ts";
import type { WorkerCore } from "./worker_core.ts";

/** Opens it all; `ends` ends it. */
export async function openWorkspaceCore(
  config: WorkerConfig,
  { log, metrics, tracer, signal }: {
    readonly log: Logger;
    readonly metrics: Metrics;
    readonly tracer: Tracer;
    readonly signal: AbortSignal;
  },
  ends: Ends,
): Promise<WorkerCore> {
  const host = tracedHost(
    await openSandboxHost({
      directory: config.workspacesDir,
      allowUnisolated: true,
      uids: config.sessionUids,
      readOnlyPaths: [],
      environment: {},
      network: "host",
      forwards: [],
      python: config.python,
    }, { log, signal }),
    tracer,
  );
  ends.add("sandboxes", () => host.close());
  const executor = createExecutor({
    host,
    limits: config.limits,
    directory: config.workspacesDir,
    capacity: config.capacity,
    log,
    metrics,
  });
  ends.add("sessions of this worker", () => executor.close());
  return {
    executor: tracedExecutor(executor, tracer),
    hello: {
      incarnation: newIncarnation(Date.now()),
      version: buildInfo().version,
      labels: config.labels,
      capabilities: CAPABILITIES,
      isolation: "workspace",
      capacity: config.capacity,
      sharedStorage: "",
    },
  };
}
