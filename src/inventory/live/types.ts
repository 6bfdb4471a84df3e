/** A live copy of one Coder deployment, as the rooms see it that read it. */
import type { BuildLogLine, CoderClient, Template, Workspace, WorkspaceBuild } from "../../coder/mod.ts";
import type { Origin, RecordChange } from "./records.ts";
import type { SourceFiles } from "../../archive/mod.ts";

/** The calls that a copy is made with. */
export type CopyClient = Pick<
  CoderClient,
  "workspaces" | "templates" | "users" | "provisionerJobs" | "builds" | "system" | "deployment"
>;

/** The way to a deployment. */
export interface CopySource {
  /** Rejects where there is no way now; the message says why, without secrets. */
  open(signal: AbortSignal): Promise<CopyClient>;
  /** Coder did not accept the credentials of the last client. */
  refused(): void;
}

/** Addresses of a deployment that are not in its records. */
export interface DeploymentAddresses {
  /** As users see it, without a slash at its end; empty where it is not known. */
  readonly access: string;
  /** Such as `*.apps.example.com`; empty where apps have no hosts of their own. */
  readonly apps: string;
}

export type RecordKind = "workspaces" | "templates";

/** Hears of everything in order, synchronously. Must not throw. */
export interface CopyListener {
  workspace(change: RecordChange<Workspace>, origin: Origin): void;
  template(change: RecordChange<Template>, origin: Origin): void;
  /** All that Coder has of a kind was told; `isFirst`: for the first time. */
  complete(kind: RecordKind, isFirst: boolean): void;
  addresses(addresses: DeploymentAddresses): void;
}

/** How it is with the lists of one kind. */
export interface ListState {
  /** When the last complete list was asked for, in milliseconds since 1970. Undefined: there never was one. */
  readonly completeAt?: number | undefined;
  /** Absent while all is well. */
  readonly trouble?: {
    readonly error: unknown;
    /** Failures in a row. */
    readonly failures: number;
    /** Of the first of them, in milliseconds since 1970. */
    readonly since: number;
  } | undefined;
}

/** What became of a look at something by its name. */
export type Found<R> =
  | { readonly kind: "found"; readonly record: R }
  | { readonly kind: "absent" }
  /** It is not known here, and Coder could not be asked. */
  | { readonly kind: "unknown"; readonly error: unknown };

/** A log of a build, as many read it at their own pace. */
export interface BuildLogReader {
  /** What has been read so far. Lines are added at the end, and nothing else changes. */
  readonly lines: readonly BuildLogLine[];
  /** The build is over, and `lines` has all of it. */
  readonly isOver: boolean;
  /** There is more than is kept here. */
  readonly isCut: boolean;
  /**
   * Reads what has come since, unless somebody did a moment ago. Rejects where Coder does not give it, with
   * `TooManyLogsError` where too many logs are read, and with the reason of `signal`.
   */
  refresh(signal: AbortSignal): Promise<void>;
}

/** See the file's head. */
export interface DeploymentCopy {
  readonly addresses: DeploymentAddresses;
  state(kind: RecordKind): ListState;
  workspaces(): Iterable<Workspace>;
  templates(): Iterable<Template>;
  workspace(id: string): Workspace | undefined;
  template(id: string): Template | undefined;
  /** By name. What is not known is asked for once, and seldom again. Rejects only with the reason of `signal`. */
  findWorkspace(
    name: { readonly organization: string; readonly owner: string; readonly workspace: string },
    signal: AbortSignal,
  ): Promise<Found<Workspace>>;
  /** As {@linkcode findWorkspace}. */
  findTemplate(
    name: { readonly organization: string; readonly template: string },
    signal: AbortSignal,
  ): Promise<Found<Template>>;
  /**
   * The id of the user with an e-mail address in lower case; undefined where nobody has it. Rejects where Coder cannot be
   * asked and was not before.
   */
  findOwner(email: string, signal: AbortSignal): Promise<string | undefined>;
  /** The source of a template's active version. Rejects where Coder does not give it. */
  files(template: Template, signal: AbortSignal): Promise<SourceFiles>;
  /** As {@linkcode files}, of an archive that was uploaded, by its id, which never changes. */
  filesOf(file: string, signal: AbortSignal): Promise<SourceFiles>;
  /**
   * The log of a workspace's build; undefined where there is no such build. Nothing of it is read yet. Rejects where
   * Coder has to be asked for the build and does not answer.
   */
  workspaceLog(
    id: string,
    build: number | "latest",
    signal: AbortSignal,
  ): Promise<BuildLogReader | undefined>;
  /** The log of the import of a template's active version. */
  templateLog(template: Template): BuildLogReader;
  /** What a write of ours was answered: it is true before any list says so. */
  observeWorkspace(workspace: Workspace): void;
  /** As {@linkcode observeWorkspace}; builds are answered alone. */
  observeBuild(workspaceId: string, build: WorkspaceBuild): void;
  /** `askedAt`: the {@linkcode moment} before it was asked for; left out for the answer to a write. */
  observeTemplate(template: Template, askedAt?: number): void;
  /** Now, by the clock that orders what is observed: an answer to an older question says less. */
  moment(): number;
  /** Coder has said that it is gone. */
  observeGone(kind: RecordKind, id: string): void;
  /** Something has changed, nobody knows what: the next list comes as soon as may be. */
  refresh(kind: RecordKind): void;
  /** Keeps the copy up to date until `signal` aborts. What is known stays. */
  run(signal: AbortSignal): Promise<void>;
}
