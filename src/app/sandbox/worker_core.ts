/** Sandboxes, packages and egress on this machine, as a worker is told to have them. */
import { openSandboxHost } from "../../sessions/sandbox/host.ts";
import { CAPABILITIES, createExecutor } from "../../sessions/worker/executor.ts";
import type { TaskExecutor } from "../../sessions/link.ts";
import { tracedExecutor, tracedHost } from "../../sessions/tracing.ts";
import { newIncarnation } from "../../sessions/incarnation.ts";
import type { WorkerHello } from "../../sessions/types.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Tracer } from "../../telemetry/tracing.ts";
import { buildInfo } from "../version.ts";
import type { SandboxConfig, WorkerConfig } from "./config.ts";
import { openEgress } from "./egress.ts";
import type { Ends } from "./ends.ts";

export interface WorkerCore {
  readonly hello: WorkerHello;
  readonly executor: TaskExecutor;
}

/** Opens it all; `ends` ends it. */
export async function openWorkerCore(
  config: SandboxConfig & Pick<WorkerConfig, "labels" | "sharedWorkspaces"> & {
    /** See `openEgress`. */
    readonly forbidden?: readonly string[];
  },
  context: {
    readonly log: Logger;
    readonly metrics: Metrics;
    readonly tracer: Tracer;
    readonly signal: AbortSignal;
    /** There root was meant to be that of a user namespace; see `allowNodeRoot`. */
    readonly isInPod: boolean;
  },
  ends: Ends,
): Promise<WorkerCore> {
  const { log, metrics, tracer, signal } = context;
  const egress = await openEgress(config, context, ends);
  const host = tracedHost(
    await openSandboxHost({
      directory: config.workspacesDir,
      allowUnisolated: config.allowUnisolated,
      refusesNodeRoot: context.isInPod && !config.allowNodeRoot,
      uids: config.sessionUids,
      readOnlyPaths: config.readOnlyPaths,
      environment: egress.environment,
      network: egress.network,
      forwards: egress.forwards,
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
    isShared: config.sharedWorkspaces !== "",
    packages: { environment: {}, counts: egress.counts },
    log,
    metrics,
  });
  ends.add("sessions of this worker", () => executor.close());
  const { isolation } = host.report;
  // One that would refuse every session must not be given any.
  const isUseful = isolation !== "none" || config.allowUnisolated;
  return {
    executor: tracedExecutor(executor, tracer),
    hello: {
      incarnation: newIncarnation(Date.now()),
      version: buildInfo().version,
      labels: config.labels,
      capabilities: isUseful ? CAPABILITIES : CAPABILITIES.filter((name) => name !== "session.open"),
      isolation,
      capacity: config.capacity,
      sharedStorage: config.sharedWorkspaces,
    },
  };
}
