/** What one process is told to do: the validated result of flags, environment and config file. */

import { CODER_USER_MAPPINGS } from "../identity/coder_user.ts";
import type { BindAddress } from "../telemetry/bind_address.ts";
import type { McpConfig } from "./mcp_config.ts";
import type { SessionStoreConfig } from "./sandbox/store_config.ts";

export { type BindAddress, BindAddressError, parseBindAddress } from "../telemetry/bind_address.ts";

/** What a process can be; `mcp-stdio` serves one client at standard input and output, with a kubeconfig of theirs. */
export const MODES = ["all", "controller", "aggregated-apiserver", "mcp-http", "mcp-stdio"] as const;
export type Mode = (typeof MODES)[number];

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export const LOG_FORMATS = ["json", "text"] as const;
export const METRICS_ACCESS = ["open", "protected"] as const;
export const CODER_ACCESS = ["auto", "direct", "kube-proxy"] as const;
export { CODER_USER_MAPPINGS };
export { MCP_AUTH, MCP_TOOL_NAMES, MCP_TOOLSETS, type McpConfig } from "./mcp_config.ts";

/** Everything a mode needs to know. All durations are milliseconds; `null` addresses are turned off. */
export interface Config extends McpConfig, SessionStoreConfig {
  readonly app: Mode;
  /** A session of the MCP server ends when it was not used for so long. */
  readonly sessionMaxAge: number;
  /** Open ones of one caller. */
  readonly maxSessionsPerOwner: number;
  /** Path of a kubeconfig; absent means the standard rules (KUBECONFIG, in-cluster, ~/.kube/config). */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** Namespaces to watch; empty means all. */
  readonly namespace: readonly string[];
  readonly kubeApiQps: number;
  readonly kubeApiBurst: number;
  readonly concurrency: number;
  readonly reconcileTimeout: number;
  /** How Coder is reached; `auto` is `direct` in a cluster and `kube-proxy` outside of one. */
  readonly coderAccess: (typeof CODER_ACCESS)[number];
  /** A file of PEM certificates that Coder's certificate is verified with; absent means the system's. */
  readonly coderCaFile?: string | undefined;
  /** Addresses of control planes' Coders, by `namespace/name`. */
  readonly controlPlaneEndpoint: ReadonlyMap<string, string>;
  /** DNS domain of the cluster. */
  readonly clusterDomain: string;
  /** Namespaces in which control planes may be granted workspace rights without being asked; `*` is a wildcard. */
  readonly workspaceNamespaces: readonly string[];
  readonly leaderElect: boolean;
  readonly leaderElectionNamespace?: string | undefined;
  readonly healthBindAddress: BindAddress | null;
  readonly metricsBindAddress: BindAddress | null;
  readonly metricsAccess: (typeof METRICS_ACCESS)[number];
  readonly aggregatedBindAddress: BindAddress | null;
  readonly mcpBindAddress: BindAddress | null;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  /** Absent: text on a terminal, JSON otherwise. */
  readonly logFormat?: (typeof LOG_FORMATS)[number] | undefined;
  readonly debug: boolean;
  readonly shutdownTimeout: number;
  readonly coderUrl?: string | undefined;
  readonly coderSessionToken?: string | undefined;
  readonly coderSessionTokenFile?: string | undefined;
  readonly coderNamespace?: string | undefined;
  readonly coderRequestTimeout: number;
  /** Time between two lists of a Coder's workspaces. */
  readonly coderPollInterval: number;
  /** The share by which such times are longer at random, 0 to 1. */
  readonly coderPollJitter: number;
  readonly coderUserMapping: (typeof CODER_USER_MAPPINGS)[number];
  /** Comes off the front of a user's name before it is mapped; empty means nothing does. */
  readonly coderUserPrefix: string;
  /** Files of the aggregated API's certificate and key; both or neither. */
  readonly tlsCertFile?: string | undefined;
  readonly tlsPrivateKeyFile?: string | undefined;
  /** Name of the Service that the aggregated API is reached by. */
  readonly aggregatedService: string;
  readonly maxRequestsInflight: number;
  readonly maxMutatingRequestsInflight: number;
  /** In bytes. */
  readonly maxRequestBody: number;
  readonly requestTimeout: number;
  /** How long servers answer on after a stop was asked for; absent: 5 s in a cluster, none outside. */
  readonly shutdownDelay?: number | undefined;
  readonly templateBuildWaitTimeout: number;
  readonly templateBuildBackoffAfter: number;
  readonly templateBuildInitialPollInterval: number;
  readonly templateBuildMaxPollInterval: number;
}
