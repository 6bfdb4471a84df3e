/** What a follower needs of the world. */
import type { TemplateActions } from "../../actions/templates/mod.ts";
import type { WorkspaceActions } from "../../actions/mod.ts";
import type { TemplateSpec } from "../../api/template.ts";
import type { TemplateSource } from "../../api/template.ts";
import type { CoderClient } from "../../coder/mod.ts";
import type { DeploymentCopy } from "../../inventory/mod.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { SecretData, SourceReader } from "../types.ts";
import type { SourceState } from "./state.ts";

/** A template with a source, as it is on record. */
export interface FollowedTemplate {
  /** Coder's id. */
  readonly id: string;
  readonly source: TemplateSource;
  readonly variables: NonNullable<TemplateSpec["variables"]>;
  readonly tags: Readonly<Record<string, string>>;
  /** Value of the annotation `coder.com/reconcile-at`. */
  readonly request: string | undefined;
  readonly state: SourceState;
  /** Opaque: of the record. */
  readonly version: string;
}

/** The records of one Coder, shared by all replicas. */
export interface SourceRecords {
  /** Those with a source, as far as this process knows. */
  list(): Iterable<FollowedTemplate>;
  /** As it is stored now; undefined where there is no source any more. */
  read(template: string, signal: AbortSignal): Promise<FollowedTemplate | undefined>;
  /** Stores where `before` is still stored; undefined where somebody else was sooner. */
  write(
    before: FollowedTemplate,
    state: SourceState,
    signal: AbortSignal,
  ): Promise<FollowedTemplate | undefined>;
}

/** The calls to Coder beside those of actions. */
export type FollowClient = Pick<CoderClient, "templates" | "templateChanges" | "workspaces" | "users">;

export interface FollowerOptions {
  /** For logs. */
  readonly coder: string;
  readonly records: SourceRecords;
  readonly reader: SourceReader;
  /** Data of a Secret beside the control plane; undefined where there is none. */
  secret(name: string, signal: AbortSignal): Promise<SecretData | undefined>;
  readonly templates: Pick<TemplateActions, "update" | "condition">;
  readonly workspaces: Pick<WorkspaceActions, "create" | "remove">;
  open(signal: AbortSignal): Promise<FollowClient>;
  readonly copy: Pick<DeploymentCopy, "template" | "workspaces" | "moment" | "observeTemplate">;
  readonly log?: Logger;
  /** Monotonic. @default {the machine's} */
  readonly clock?: Clock;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly now?: () => number;
  /** Name of this replica. @default {random} */
  readonly me?: string;
  /** Between two looks at all records, in milliseconds. @default {2_000} */
  readonly tickMs?: number;
  /** Between two looks at a source, in milliseconds. @default what it says, which is 30 s at least */
  readonly intervalMs?: number;
  /** How long others leave a template to who is at work on it, in milliseconds. @default {60_000} */
  readonly claimMs?: number;
}
