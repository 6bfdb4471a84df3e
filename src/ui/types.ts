/**
 * What is shown to people who watch (the page `/ui`, `coder-k8s top`): sections of rows, told as they change. The one
 * contract between what gathers (`sources/`), what sends it (`http/`), the page and the terminal.
 */

/** In the order in which they are shown. */
export const SECTIONS = [
  "controlplanes",
  "workspaces",
  "builds",
  "provisioners",
  "jobs",
  "workers",
  "sessions",
  "calls",
] as const;
export type Section = (typeof SECTIONS)[number];

interface Row {
  /** Unique in its section. */
  readonly id: string;
}
/** Times are RFC 3339 in UTC; empty texts: not known, or none. */
export interface ConditionView {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly since: string;
}
export interface ControlPlaneRow extends Row {
  readonly namespace: string;
  readonly name: string;
  readonly phase: string;
  readonly version: string;
  readonly replicas: string;
  readonly url: string;
  readonly conditions: readonly ConditionView[];
}
export interface WorkspaceRow extends Row {
  readonly namespace: string;
  /** As `kubectl get coderworkspaces` has it. */
  readonly name: string;
  readonly owner: string;
  readonly template: string;
  /** Coder's: `running`, `stopped`, `starting`, `failed`, … */
  readonly state: string;
  readonly healthy: boolean;
  readonly outdated: boolean;
  readonly lastUsedAt: string;
}
/** A build that runs, or has ended lately. */
export interface BuildRow extends Row {
  readonly namespace: string;
  readonly workspace: string;
  readonly number: number;
  readonly transition: string;
  readonly state: string;
  readonly startedAt: string;
  readonly endedAt: string;
  /** What it says of itself just now, or why it failed. */
  readonly message: string;
}
export interface ProvisionerRow extends Row {
  readonly namespace: string;
  readonly name: string;
  readonly phase: string;
  readonly ready: string;
  readonly conditions: readonly ConditionView[];
}
export interface JobRow extends Row {
  readonly namespace: string;
  readonly type: string;
  readonly state: string;
  readonly queue: string;
  readonly createdAt: string;
  readonly worker: string;
  readonly message: string;
}
export interface WorkerRow extends Row {
  readonly state: "connected" | "away" | "draining";
  readonly isolation: string;
  readonly sessions: number;
  readonly capacity: number;
  readonly processes: number;
  readonly memoryBytes: number;
  readonly version: string;
  readonly heardAt: string;
}
export interface SessionRow extends Row {
  readonly name: string;
  readonly owner: string;
  readonly state: string;
  readonly worker: string;
  /** `<owner>/<workspace>` where it is in one. */
  readonly workspace: string;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
}
export interface CallRow extends Row {
  readonly at: string;
  readonly caller: string;
  readonly tool: string;
  readonly session: string;
  readonly ms: number;
  readonly success: boolean;
  readonly changed: boolean;
  readonly message: string;
}
export interface Rows {
  readonly controlplanes: ControlPlaneRow;
  readonly workspaces: WorkspaceRow;
  readonly builds: BuildRow;
  readonly provisioners: ProvisionerRow;
  readonly jobs: JobRow;
  readonly workers: WorkerRow;
  readonly sessions: SessionRow;
  readonly calls: CallRow;
}

/**
 * Told to a watcher, in this order: one `hello`, then for each section its rows in pieces (`rows`, the first with
 * `reset`, the last with `complete`), and from then on what changes. A `reset` begins a section anew.
 * As server-sent events: `event:` is `kind`, `data:` the rest as JSON.
 */
export type WatchEvent =
  | {
    readonly kind: "hello";
    readonly user: string;
    readonly version: string;
    /** What this server can show; the others are left out. */
    readonly sections: readonly Section[];
    /** Whether `GET /ui/api/diagnosis` answers. */
    readonly diagnosis: boolean;
    /** Which of several processes tells this; `calls` are those that it has answered itself. */
    readonly replica?: string;
  }
  | RowsEvent
  /** Why a section cannot be shown, or not as it is now; empty: all is well again. */
  | { readonly kind: "problem"; readonly section: Section; readonly message: string }
  /** The last that is told, where the server ends it: why, in words. Whoever goes on watching asks anew. */
  | { readonly kind: "end"; readonly message: string };

export type RowsEvent = {
  readonly [S in Section]: {
    readonly kind: "rows";
    readonly section: S;
    readonly rows: readonly Rows[S][];
    readonly removed: readonly string[];
    readonly reset?: true;
    readonly complete?: true;
  };
}[Section];

/**
 * Below `/ui/api/`: GET alone, with `Authorization: Bearer …` where a token is needed. What is refused has a status of 400
 * or more and a JSON body with `error.message`; 401 and 403 say who may come, 429 and 503 (`Retry-After`) when.
 */

/** `GET /ui/api/config`: what the page has to know before anybody is signed in. Nothing in it is secret. */
export interface PageConfig {
  /** Absent: tokens are pasted, or (`open`) none is needed. */
  readonly oidc?: { readonly issuer: string; readonly clientId: string; readonly scopes: string } | undefined;
  /** It may be that nothing has to be given: it is asked without, and what was kept, first. */
  readonly open: boolean;
  /** What kind of token is meant, in words: "a Kubernetes token", "a Coder session token", … */
  readonly token: string;
}

/** `GET /ui/api/diagnosis?kind=…&namespace=…&name=…`; kinds as `diagnose` has them. */
export interface DiagnosisAnswer {
  readonly summary: string;
  readonly causes: readonly {
    readonly title: string;
    readonly why: string;
    readonly steps: readonly string[];
    readonly certainty: string;
  }[];
}

/**
 * `GET /ui/api/log?namespace=…&workspace=…&build=…`: server-sent events `line` with this as JSON, then `end` with
 * `{"message"}`: empty where the build is over, else why no more is told.
 */
export interface LogLine {
  readonly at: string;
  readonly stage: string;
  readonly text: string;
}
