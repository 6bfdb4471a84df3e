/** What `coordinator` and `worker` are told: the validated result of flags, environment and config file. */
import type { Limits } from "../../sessions/types.ts";
import type { BindAddress } from "../../telemetry/bind_address.ts";
import type { LOG_FORMATS, LOG_LEVELS } from "../config.ts";
import type { McpConfig } from "../mcp_config.ts";
import type { SessionStoreConfig } from "./store_config.ts";

/** Ways for callers of the coordinator to say who they are; `off`: nobody has to, on a loopback address alone. */
export const COORDINATOR_AUTH = ["token", "oidc", "coder", "proxy", "off"] as const;

/** What both have. Durations are milliseconds; `null` addresses are turned off; absent texts: there is none. */
export interface ProcessConfig {
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly logFormat?: (typeof LOG_FORMATS)[number] | undefined;
  readonly debug: boolean;
  readonly shutdownTimeout: number;
}

/** Where and how sessions run on this machine. */
export interface SandboxConfig {
  /** @default `$XDG_STATE_HOME/coder-k8s/workspaces`, as root `/var/lib/coder-k8s/workspaces` */
  readonly workspacesDir: string;
  readonly allowUnisolated: boolean;
  /** In a pod it may be root of its node with CAP_SYS_ADMIN. */
  readonly allowNodeRoot: boolean;
  /** Sessions at once. */
  readonly capacity: number;
  /** The most that a session may have, and what it has where it does not say. */
  readonly limits: Limits;
  /** First uid and number of uids for sessions, where the worker may use them. */
  readonly sessionUids: { readonly first: number; readonly count: number };
  readonly readOnlyPaths: readonly string[];
  /** Hosts that sessions may reach, through the worker; `*`: every public one. */
  readonly egress: readonly string[];
  /** Package registries by the worker's cache. */
  readonly packageMirror: boolean;
  /** @default what pip is set to on this machine, else https://pypi.org/simple */
  readonly pypiUrl?: string | undefined;
  readonly npmUrl?: string | undefined;
  readonly cacheDir: string;
  readonly cacheBytes: number;
  readonly python?: string | undefined;
}

/** A worker in a Coder workspace. */
export interface WorkerWorkspace {
  /** The flag or the variable that says so. */
  readonly foundBy: string;
  /** What it shows the coordinator for its token. Absent: it has one, which is bound to the workspace. */
  readonly exchange?: {
    readonly workspaceId: string;
    /** Of the workspace's owner: one of both; the file is read anew each time. */
    readonly coderToken?: string | undefined;
    readonly coderTokenFile?: string | undefined;
  } | undefined;
}

/** `coder-k8s worker`. */
export interface WorkerConfig extends ProcessConfig, SandboxConfig {
  /** Absent: it isolates sessions itself. */
  readonly workspace?: WorkerWorkspace | undefined;
  /** `http://host:50050`, or https; several with commas between. */
  readonly coordinator: string;
  /** Empty: whoever its token says. */
  readonly workerId: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Name of the storage below `workspacesDir` that other workers have, too. */
  readonly sharedWorkspaces: string;
  /** One of both; the file is read anew for each connection. */
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** The coordinator may be called without TLS, wherever it is. */
  readonly insecure: boolean;
  readonly heartbeatInterval: number;
  readonly healthBindAddress: BindAddress | null;
  readonly metricsBindAddress: BindAddress | null;
}

/** `coder-k8s coordinator`. */
export interface CoordinatorConfig extends
  ProcessConfig,
  SessionStoreConfig,
  Pick<
    McpConfig,
    | "mcpUrl"
    | "mcpOidcIssuer"
    | "mcpOidcJwksUrl"
    | "mcpOidcCaFile"
    | "mcpOidcAudience"
    | "mcpOidcUsernameClaim"
    | "mcpOidcUsernamePrefix"
    | "mcpOidcRequiredClaims"
    | "mcpTlsCertFile"
    | "mcpTlsPrivateKeyFile"
    | "mcpProxyCaFile"
    | "mcpProxyAllowedNames"
    | "mcpReadOnly"
    | "mcpAllowTools"
    | "mcpDenyTools"
    | "mcpToolNames"
    | "mcpAllowedOrigins"
    | "mcpAllowedHosts"
    | "mcpRateLimit"
    | "mcpRateBurst"
    | "mcpMaxBody"
    | "mcpMaxStreams"
    | "mcpLegacySse"
    | "mcpUi"
    | "mcpUiOidcClientId"
    | "mcpUiOidcScopes"
  > {
  /** One client at standard input and output, instead of HTTP. */
  readonly stdio: boolean;
  readonly bindAddress: BindAddress;
  readonly metricsBindAddress: BindAddress | null;
  /** Of workers; null: the embedded worker alone. */
  readonly grpcBindAddress: BindAddress | null;
  /** Heap and activity reports. */
  readonly debugBindAddress: BindAddress | null;
  readonly auth: readonly (typeof COORDINATOR_AUTH)[number][];
  /** Lines `name token` or `name sha256:<hex of the token>`; `#` begins a comment. Read anew when it changes. */
  readonly authTokenFile?: string | undefined;
  /** Callers who may see `/debug/sessions`: names, and `coder:<user id>`. */
  readonly admins: readonly string[];
  /** Coder, for callers who have a session token of theirs, and for workers in workspaces. */
  readonly coderUrl?: string | undefined;
  readonly coderCaFile?: string | undefined;
  /** Of the one who has started this process and whom callers are taken for; one of both. */
  readonly coderSessionToken?: string | undefined;
  readonly coderSessionTokenFile?: string | undefined;
  /** Keys of workers' tokens, one a line, at least 32 characters; the first one signs. */
  readonly workerKeyFile?: string | undefined;
  readonly grpcTlsCertFile?: string | undefined;
  readonly grpcTlsPrivateKeyFile?: string | undefined;
  /** Workers must show a certificate of it. */
  readonly grpcClientCaFile?: string | undefined;
  /** Workers' calls without TLS are taken from anywhere. */
  readonly grpcInsecure: boolean;
  readonly workerHeartbeatTimeout: number;
  readonly sessionMaxAge: number;
  /** The most that a caller may ask for, and what a session has where its caller does not say. Workers may allow less. */
  readonly limits: Limits;
  /** The longest that a caller may ask for. */
  readonly sessionMaxTtl: number;
  readonly cleanupInterval: number;
  readonly maxSessionsPerOwner: number;
  readonly taskTimeout: number;
  readonly maxRetries: number;
  /** Checkpoints; absent: in memory. */
  readonly dataDir?: string | undefined;
  readonly checkpointMaxAge: number;
  readonly checkpointBytes: number;
  /** `-`: standard output; `off`: none; else a file. */
  readonly auditLog: string;
  /** Absent: none. */
  readonly embeddedWorker?: SandboxConfig | undefined;
}
