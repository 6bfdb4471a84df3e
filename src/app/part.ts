/** What the composition root gives to the parts of a mode, and what they give back. */
import type { RestClient } from "../kube/rest/rest_client.ts";
import type { SharedCache } from "../kube/informer.ts";
import type { LeaderElection } from "../reconciler/leadership.ts";
import type { ManagerOptions } from "../reconciler/manager.ts";
import type { Health } from "../telemetry/health.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Redactor } from "../telemetry/redactor.ts";
import type { CoderAccess } from "./coder_calls.ts";
import type { Config } from "./config.ts";

/** One of each in the process, shared by all parts. */
export interface Core {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** What `/metrics` says. */
  readonly scrape: { readonly contentType: string; text(): Promise<string> };
  readonly health: Health;
  readonly redactor: Redactor;
  readonly client: RestClient;
  readonly cache: SharedCache;
  /** Ends with the process. */
  readonly coder: CoderAccess;
  /** Who this process is among its replicas: `<host name>_<uuid>`. */
  readonly identity: string;
  /** The pod's name, or the host's: who an Event says reported it. */
  readonly instance: string;
  /** Where the leader election's Lease lives. */
  readonly leaseNamespace: string;
  /** Where this process runs, or would: `POD_NAMESPACE`, then the service account's, then `kube-system`. */
  readonly ownNamespace: string;
}

/** What a part wants to have run, started and ended in order. */
export interface Part extends Pick<ManagerOptions, "controllers" | "runnables" | "flush"> {
  /** Its controllers work only while this replica leads. At most one part of a mode has one. */
  readonly election?: LeaderElection;
}

/** Makes a part: declares the kinds it reads in the shared cache, adds readiness checks of its own. Starts nothing. */
export type PartFactory = (core: Core) => Part;
