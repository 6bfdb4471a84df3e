/** What Coder says, as far as rules need it. Collectors read foreign records into these shapes, and leave out the rest. */

/** One line of a log. */
export interface LogLine {
  /** RFC 3339. */
  readonly at?: string | undefined;
  /** `trace`, `debug`, `info`, `warn` or `error`. */
  readonly level: string;
  readonly stage: string;
  readonly text: string;
}

export interface AgentFacts {
  /** For its log. */
  readonly id?: string | undefined;
  readonly name: string;
  /** `connecting`, `connected`, `disconnected` or `timeout`. */
  readonly status: string;
  /** Such as `created`, `starting`, `start_error`, `start_timeout`, `ready`, `off`. */
  readonly lifecycle: string;
  readonly health?: { readonly healthy: boolean; readonly reason: string } | undefined;
  readonly firstConnectedAt?: string | undefined;
  readonly lastConnectedAt?: string | undefined;
  readonly disconnectedAt?: string | undefined;
  readonly startedAt?: string | undefined;
  readonly createdAt?: string | undefined;
  readonly troubleshootingUrl?: string | undefined;
  /** How long the template gives it to connect, in seconds. */
  readonly connectionTimeoutSeconds?: number | undefined;
  readonly apps: readonly { readonly slug: string; readonly health: string }[];
}

export interface BuildFacts {
  readonly id: string;
  readonly number: number;
  /** `start`, `stop` or `delete`. */
  readonly transition: string;
  /** As in `status.latestBuildStatus` of a CoderWorkspace. */
  readonly status: string;
  readonly reason: string;
  readonly initiator: string;
  readonly createdAt?: string | undefined;
  readonly deadline?: string | undefined;
  readonly templateVersionId?: string | undefined;
  readonly templateVersionName?: string | undefined;
  readonly dailyCost?: number | undefined;
  /** `pending`, `running`, `succeeded`, `canceling`, `canceled`, `failed`. */
  readonly job: {
    readonly status: string;
    readonly error: string;
    /** Such as `REQUIRED_TEMPLATE_VARIABLES`. */
    readonly errorCode: string;
    readonly tags: Readonly<Record<string, string>>;
    readonly createdAt?: string | undefined;
    readonly startedAt?: string | undefined;
    readonly completedAt?: string | undefined;
    readonly canceledAt?: string | undefined;
    readonly workerName: string;
    readonly queuePosition: number;
    readonly queueSize: number;
  };
  /** Daemons that have the job's tags, as Coder counted when the build was made. */
  readonly matched?:
    | { readonly count: number; readonly available: number; readonly mostRecentlySeen?: string | undefined }
    | undefined;
  readonly agents: readonly AgentFacts[];
  /** The workspace's own record. */
  readonly workspace: {
    readonly id: string;
    readonly name: string;
    readonly ownerName: string;
    readonly ownerId: string;
    readonly organizationId: string;
    readonly organizationName: string;
    readonly templateId: string;
    readonly templateName: string;
    readonly outdated: boolean;
    readonly templateRequiresActiveVersion: boolean;
    readonly dormantAt?: string | undefined;
    readonly deletingAt?: string | undefined;
    readonly lastUsedAt?: string | undefined;
    readonly autostartSchedule?: string | undefined;
  };
}

export interface VersionFacts {
  readonly id: string;
  readonly name: string;
  readonly archived: boolean;
  readonly jobStatus: string;
  readonly jobError: string;
  readonly jobErrorCode: string;
  /** Tags that its builds ask a provisioner for, as far as the import's job says. */
  readonly tags: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

export interface DaemonFacts {
  readonly name: string;
  /** `offline`, `idle` or `busy`. */
  readonly status: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly keyName: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly lastSeenAt?: string | undefined;
}

export interface JobFacts {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  readonly createdAt?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly queuePosition: number;
  readonly workerName: string;
  readonly availableWorkers: number;
  readonly error: string;
}

export interface KeyFacts {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt?: string | undefined;
}

export interface QuotaFacts {
  readonly consumed: number;
  /** -1: without limit. */
  readonly budget: number;
}

export interface EntitlementFacts {
  readonly hasLicense: boolean;
  readonly trial: boolean;
  readonly features: Readonly<Record<string, { readonly entitlement: string; readonly enabled: boolean }>>;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** When licences end, RFC 3339, as far as they could be listed. */
  readonly expiries: readonly string[];
}

export interface ProxyFacts {
  readonly name: string;
  /** `ok`, `unreachable`, `unhealthy` or `unregistered`. */
  readonly status: string;
  readonly pathAppUrl: string;
  /** Empty where subdomain apps are not reached through it. */
  readonly wildcardHostname: string;
  readonly version: string;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly checkedAt?: string | undefined;
}
