/** Sessions of a worker that runs in a Coder workspace: as the workspace's user, with its files, programs and network. */
import { createLocalAgentHost } from "../../sessions/agent/mod.ts";
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
import { SECRETS } from "./worker_tokens.ts";

/** Opens it all; `ends` ends it. */
export function openWorkspaceCore(
  config: WorkerConfig,
  { log, metrics, tracer }: {
    readonly log: Logger;
    readonly metrics: Metrics;
    readonly tracer: Tracer;
  },
  ends: Ends,
): WorkerCore {
  // The agent runs scripts in its own directory, which is what sessions' directories are below.
  const host = tracedHost(
    createLocalAgentHost({ directory: Deno.cwd(), withoutVariables: SECRETS, log }),
    tracer,
  );
  ends.add("sessions in this workspace", () => host.close());
  const executor = createExecutor({
    host,
    limits: config.limits,
    directory: Deno.cwd(),
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
