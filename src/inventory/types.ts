/** What can be asked of a deployment, and how the answers look. */
import type {
  CoderClient,
  CoderError,
  Organization,
  ProvisionerDaemon,
  ProvisionerJob,
  ProvisionerKey,
  WorkspaceProxy,
} from "../coder/mod.ts";

/** The calls that lists are made with. */
export type ListClient = Pick<
  CoderClient,
  "organizations" | "provisioners" | "provisionerJobs" | "workspaceProxies"
>;

/** Which deployment is asked, and as whom. */
export interface Place {
  /** The control plane, as `namespace/name`. Its budget is shared by all that follow. */
  readonly controlPlane: string;
  /** Coder's own id, where it is known: lists of two deployments that had the same address are kept apart. */
  readonly deploymentId?: string | undefined;
  /** Names the credential of `client` without telling it: what one user sees is not shown to another. */
  readonly credential: string;
  readonly client: ListClient;
}

/** How new a list must be. */
export interface Ask {
  /** Ends the wait of this caller, not that of others. The request itself ends when nobody waits for it any more. */
  readonly signal: AbortSignal;
  /** The age from which on a list should be replaced, in milliseconds. @default the pace of the kind */
  readonly maxAgeMs?: number | undefined;
  /** Something was changed at this time, in milliseconds since 1970: only a list that was sent later says anything. */
  readonly newerThan?: number | undefined;
}

/**
 * `verification`: the list takes its turn with all others of the deployment. `work`: it has an interval of its own, for
 * as long as somebody asks.
 */
export type Pace = "verification" | "work";

/** See {@linkcode Ask}. */
export interface PacedAsk extends Ask {
  /** @default that of the kind */
  readonly pace?: Pace | undefined;
}

/** Why there is no newer list. */
export interface ListFailure {
  readonly error: CoderError;
  /** Failures in a row. */
  readonly failures: number;
  /** When Coder may be asked again, in milliseconds from now. */
  readonly retryInMs: number;
}

/** What is known. */
export interface Answer<T> {
  /** The last list that arrived, however old; undefined where none ever did. */
  readonly latest: T | undefined;
  /** Whether `latest` is as new as was asked for. */
  readonly isNewEnough: boolean;
  /** Only where `latest` is not new enough, and because Coder could not be asked. */
  readonly failure?: ListFailure | undefined;
  /** When it makes sense to ask again, in milliseconds. */
  readonly lookAgainMs: number;
}

/** When a list was asked for, in milliseconds since 1970: it shows nothing of what was changed then or later. */
export interface Taken {
  readonly takenAt: number;
}

export interface KeyList extends Taken {
  /** Without Coder's own reserved keys. */
  readonly keys: readonly ProvisionerKey[];
}

export interface DaemonList extends Taken {
  /** Those that are connected, built-in ones included. */
  readonly daemons: readonly ProvisionerDaemon[];
  /** False where there may be more. */
  readonly complete: boolean;
}

export interface JobList extends Taken {
  /** Jobs that wait or are worked on, be it on their cancellation. */
  readonly jobs: readonly ProvisionerJob[];
  /** False where there may be more, older ones. */
  readonly complete: boolean;
}

export interface ProxyList extends Taken {
  /** The primary (coderd itself) included. */
  readonly proxies: readonly WorkspaceProxy[];
}

export interface OrganizationAnswer extends Taken {
  /** Undefined where Coder has none of this name or id, or does not show it to this user. */
  readonly organization: Organization | undefined;
}

export type ListKind = "keys" | "daemons" | "jobs" | "proxies" | "organizations";

/** A new list says something else than the one before. */
export interface ListNews {
  readonly kind: ListKind;
  readonly controlPlane: string;
  readonly deploymentId: string | undefined;
  /** As it was asked for; undefined for proxies and organizations. */
  readonly organization: string | undefined;
  /** What came, went or changed: names of keys, daemons and proxies, ids of jobs and organizations. */
  readonly changed: ReadonlySet<string>;
}
