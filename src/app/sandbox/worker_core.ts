/** Sandboxes, packages and egress on this machine, as a worker is told to have them. */
import { openEgress } from "../../sessions/egress/egress.ts";
import { openSandboxHost } from "../../sessions/sandbox/host.ts";
import { createExecutor } from "../../sessions/worker/executor.ts";
import type { TaskExecutor } from "../../sessions/link.ts";
import type { WorkerHello } from "../../sessions/types.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { buildInfo } from "../version.ts";
import type { SandboxConfig, WorkerConfig } from "./config.ts";
import type { Ends } from "./ends.ts";

export interface WorkerCore {
  readonly hello: WorkerHello;
  readonly executor: TaskExecutor;
}

/** Everything of the worker's own network: there is no egress to go through. */
const ANYWHERE = "*";

/** Opens it all; `ends` ends it. */
export async function openWorkerCore(
  config: SandboxConfig & Pick<WorkerConfig, "labels" | "sharedWorkspaces">,
  { log, metrics, signal }: { readonly log: Logger; readonly metrics: Metrics; readonly signal: AbortSignal },
  ends: Ends,
): Promise<WorkerCore> {
  const isOpen = config.egress.includes(ANYWHERE);
  const egress = isOpen ? undefined : await openEgress({
    allow: config.egress,
    ...(config.packageMirror
      ? {
        mirror: {
          pypiUrl: config.pypiUrl,
          npmUrl: config.npmUrl,
          cacheDir: config.cacheDir,
          cacheBytes: config.cacheBytes,
        },
      }
      : {}),
    log,
    metrics,
  });
  if (egress !== undefined) ends.add("egress", () => egress.close());
  const host = await openSandboxHost({
    directory: config.workspacesDir,
    allowUnisolated: config.allowUnisolated,
    uids: config.sessionUids,
    readOnlyPaths: config.readOnlyPaths,
    environment: egress?.environment ?? {},
    network: egress === undefined ? "host" : "proxy",
    forwards: egress?.forwards ?? [],
    python: config.python,
  }, { log, signal });
  ends.add("sandboxes", () => host.close());
  const executor = await createExecutor({
    host,
    capacity: config.capacity,
    limits: config.limits,
    keepsFiles: config.sharedWorkspaces !== "",
    log,
    metrics,
  });
  ends.add("sessions of this worker", () => executor.close());
  return {
    executor,
    hello: {
      incarnation: crypto.randomUUID(),
      version: buildInfo().version,
      labels: config.labels,
      capabilities: executor.capabilities,
      isolation: host.report.isolation,
      capacity: config.capacity,
      sharedStorage: config.sharedWorkspaces,
    },
  };
}
