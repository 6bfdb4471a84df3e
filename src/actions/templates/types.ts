/** Changes of templates, as they are asked for, kept while they are under way, and told. Plain data. */
import { z } from "zod";
import type { CoderClient, NewTemplate, Template, TemplatePatch } from "../../coder/mod.ts";
import type { OpenAs } from "../calls.ts";

/** Settings to change, by Coder's names; what is left out stays as it is. */
export type TemplateSettingsChange = Partial<Omit<TemplatePatch, "name">>;

/** Settings of a new template. */
export type FirstSettings = Omit<NewTemplate, "name" | "template_version_id">;

/** What a new version is given besides its files. */
export interface VersionInputs {
  /** Unique in the template. @default one that tells its content */
  readonly versionName?: string | undefined;
  /** For people. */
  readonly message?: string | undefined;
  /** Of the provisioners that shall import it. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Values of Terraform variables. They are sent to Coder and kept nowhere else. */
  readonly variables?: readonly { readonly name: string; readonly value: string }[] | undefined;
}

/** Who asks, and how. */
export interface Request {
  /** The human, for the audit. */
  readonly by: string;
  readonly signal: AbortSignal;
  /** Check everything, change nothing. @default {false} */
  readonly dryRun?: boolean | undefined;
  /**
   * Throws where the template is not what the caller takes it for. Asked of changes, before anything is changed; `change`
   * (of its files, on record now) is known where files or a version are asked for.
   */
  readonly precondition?:
    | ((template: Template, change: ChangeRecord | undefined) => void)
    | undefined;
  /**
   * The way to Coder that changes are made by, as the caller; what goes on in the background (promoting what was imported)
   * goes on with the operator's access. @default {the operator's}
   */
  readonly openAs?:
    | OpenAs<Pick<CoderClient, "templates" | "templateChanges" | "builds">>
    | undefined;
}

/** Why content was not made the active version. */
export const failureSchema = z.object({
  /**
   * `BuildFailed`, `BuildCanceled`, `BuildTimedOut`, `Superseded` (somebody else promoted another version meanwhile),
   * `InputsLost` (variables are nowhere to be had after a restart: ask again), `Refused` (by Coder).
   */
  reason: z.enum(["BuildFailed", "BuildCanceled", "BuildTimedOut", "Superseded", "InputsLost", "Refused"]),
  message: z.string(),
  /** Last lines of the build's log. */
  log: z.array(z.string()),
  /** RFC 3339. */
  at: z.string(),
});
export type ChangeFailure = z.infer<typeof failureSchema>;

/** A change of a template's files that is under way, or has failed. Any replica can go on with it. */
export const changeRecordSchema = z.object({
  /** Ids. */
  organization: z.string(),
  template: z.string(),
  /** Of the change. */
  id: z.string(),
  /** The human. */
  by: z.string(),
  /** When it was accepted, RFC 3339. */
  at: z.string(),
  /** What it is, see `identity.ts`. */
  text: z.string(),
  content: z.string(),
  inputs: z.string(),
  /** The uploaded archive. */
  file: z.string(),
  /** Name and message of the version. */
  name: z.string(),
  message: z.string(),
  tags: z.record(z.string(), z.string()),
  hasVariables: z.boolean(),
  /** Id of the version, as soon as it is known. */
  version: z.string().optional(),
  /** Versions that it may take the place of: what was active, and what earlier changes of ours made. */
  bases: z.array(z.string()),
  /** It is built, and not made the active version. */
  hold: z.boolean().optional(),
  /** When some replica began to promote it, RFC 3339: it may come at any moment. */
  promotingAt: z.string().optional(),
  failure: failureSchema.optional(),
});
export type ChangeRecord = z.infer<typeof changeRecordSchema>;

/** How far a change of files is. */
export type FilesState =
  /** The active version has this content. */
  | { readonly state: "unchanged" }
  /** It would be uploaded and built. */
  | { readonly state: "wouldBuild"; readonly name: string }
  | { readonly state: "building"; readonly version: string | undefined; readonly name: string }
  /** It is the active version now. */
  | { readonly state: "promoted"; readonly version: string }
  | { readonly state: "failed"; readonly version: string | undefined; readonly failure: ChangeFailure };
