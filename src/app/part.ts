/** What the composition root and the parts of a mode agree on. */
import type { RestClient } from "../kube/rest_client.ts";
import type { SharedCache } from "../kube/informer.ts";
import type { Health } from "../telemetry/health.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { LoopMonitor } from "../telemetry/loop_monitor.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Redactor } from "../telemetry/redactor.ts";
import type { Config } from "./config.ts";

/** What every part is given: one of each in the process. */
export interface Core {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly loops: LoopMonitor;
  readonly redactor: Redactor;
  readonly client: RestClient;
  readonly cache: SharedCache;
  /** Who this process is among its replicas: `<host name>_<random>`. */
  readonly identity: string;
  /** `<version> (<commit>)`, for user agents and reports. */
  readonly version: string;
  /** Where the leader election's Lease lives. */
  readonly leaseNamespace: string;
}

/** One part, made but not running. Making it declares the kinds that it reads in the shared cache. */
export interface Part {
  /**
   * Runs until `signal` aborts, then drains within the configured shutdown timeout and resolves. Rejects where the part
   * cannot go on, which ends the process.
   */
  run(signal: AbortSignal): Promise<void>;
}

/** Makes a part. Adds its own readiness checks to `core.health`. */
export type PartFactory = (core: Core) => Part;
