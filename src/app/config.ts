/** What one process is told to do: the validated result of flags, environment and config file. */

import type { BindAddress } from "../telemetry/bind_address.ts";

export { type BindAddress, BindAddressError, parseBindAddress } from "../telemetry/bind_address.ts";

/** The four things a process can be. */
export const MODES = ["all", "controller", "aggregated-apiserver", "mcp-http"] as const;
export type Mode = (typeof MODES)[number];

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export const LOG_FORMATS = ["json", "text"] as const;
export const METRICS_ACCESS = ["open", "protected"] as const;
export const CODER_ACCESS = ["auto", "direct", "kube-proxy"] as const;

/** Everything a mode needs to know. All durations are milliseconds; `null` addresses are turned off. */
export interface Config {
  readonly app: Mode;
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
  readonly templateBuildWaitTimeout: number;
  readonly templateBuildBackoffAfter: number;
  readonly templateBuildInitialPollInterval: number;
  readonly templateBuildMaxPollInterval: number;
}
