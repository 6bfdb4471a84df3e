/** What changes templates: files, versions, settings. */
import { z } from "zod";
import type { Call, CallOptions } from "./call.ts";
import { CoderApiError } from "./errors.ts";
import { id } from "./schema_parts.ts";
import { type Template, templateSchema, type TemplateVersion, templateVersionSchema } from "./templates.ts";
import type { BodySource } from "./transport.ts";

/** A template as what changes it sees it. */
export type TemplateSettings = Template;

/** The body of a change: what is left out and marked so is set to zero, by Coder's design. */
export interface TemplatePatch {
  readonly name: string;
  readonly display_name: string;
  readonly description: string;
  readonly icon: string;
  /** Zero where left out, as all that have no question mark. */
  readonly default_ttl_ms: number;
  readonly activity_bump_ms: number;
  readonly allow_user_cancel_workspace_jobs: boolean;
  readonly allow_user_autostart: boolean;
  readonly allow_user_autostop: boolean;
  readonly failure_ttl_ms: number;
  readonly time_til_dormant_ms: number;
  readonly time_til_dormant_autodelete_ms: number;
  readonly require_active_version: boolean;
  /** Kept where left out, as all that follow. */
  readonly deprecation_message?: string;
  readonly autostop_requirement?: { readonly days_of_week: readonly string[]; readonly weeks: number };
  readonly autostart_requirement?: { readonly days_of_week: readonly string[] };
  readonly max_port_share_level?: string;
  readonly cors_behavior?: string;
  readonly use_classic_parameter_flow?: boolean;
}

/** A new template. Settings have other names here than where they are changed (`dormant_ttl_ms`, `delete_ttl_ms`). */
export interface NewTemplate {
  readonly name: string;
  readonly template_version_id: string;
  readonly display_name?: string;
  readonly description?: string;
  readonly icon?: string;
  readonly default_ttl_ms?: number;
  readonly activity_bump_ms?: number;
  readonly allow_user_cancel_workspace_jobs?: boolean;
  readonly allow_user_autostart?: boolean;
  readonly allow_user_autostop?: boolean;
  readonly failure_ttl_ms?: number;
  readonly dormant_ttl_ms?: number;
  readonly delete_ttl_ms?: number;
  readonly require_active_version?: boolean;
  readonly autostop_requirement?: { readonly days_of_week: readonly string[]; readonly weeks: number };
  readonly autostart_requirement?: { readonly days_of_week: readonly string[] };
  readonly max_port_share_level?: string;
  readonly cors_behavior?: string;
  readonly template_use_classic_parameter_flow?: boolean;
}

/** A new version. */
export interface NewVersion {
  /** Absent for the first version of a template that is still to be made. */
  readonly templateId?: string | undefined;
  /** What `upload` returned. */
  readonly fileId: string;
  /** Unique in its template; Coder invents one where there is none. */
  readonly name?: string | undefined;
  readonly message?: string | undefined;
  /** Of the provisioners that shall import it. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly variables?: readonly { readonly name: string; readonly value: string }[] | undefined;
}

export interface TemplateChangeCalls {
  /** As the call of the same name that reads templates. */
  get(id: string, options?: CallOptions): Promise<Template>;
  /** As `get`, by name. */
  create(organization: string, template: NewTemplate, options?: CallOptions): Promise<Template>;
  /** As it is afterwards; undefined where there was nothing to change. */
  update(id: string, patch: TemplatePatch, options?: CallOptions): Promise<Template | undefined>;
  /** Refused as long as anybody has a workspace of it. */
  delete(id: string, options?: CallOptions): Promise<void>;
  /** Makes a version that was imported the one that new workspaces are built of. Doing it again is no failure. */
  promote(template: string, version: string, options?: CallOptions): Promise<void>;
  /** Stores a tar or zip archive of at most 100 MiB; its id. Bytes that this user stored before have the id of then. */
  upload(source: BodySource, options?: CallOptions & { type?: "tar" | "zip" }): Promise<string>;
  /** Begins to import a file. `conflict` where the name is taken. */
  createVersion(organization: string, version: NewVersion, options?: CallOptions): Promise<TemplateVersion>;
  /** Ends an import that is not over; `invalid` where it is. */
  cancelVersion(version: string, options?: CallOptions): Promise<void>;
}

const TEMPLATE = "/api/v2/templates/{template}";
/** A hundred megabytes through a slow network. */
const UPLOAD_TIMEOUT_MS = 120_000;

export function templateChangeCalls(call: Call): TemplateChangeCalls {
  return {
    get: (template, options) =>
      call(
        { method: "GET", route: TEMPLATE, parameters: { template }, answer: templateSchema },
        options,
      ),
    create: (organization, body, options) =>
      call({
        method: "POST",
        route: "/api/v2/organizations/{organization}/templates",
        parameters: { organization },
        body,
        answer: templateSchema,
      }, options),
    update: (template, body, options) =>
      orUnchanged(call({
        method: "PATCH",
        route: TEMPLATE,
        parameters: { template },
        body,
        answer: templateSchema,
      }, options)),
    delete: (template, options) =>
      call({ method: "DELETE", route: TEMPLATE, parameters: { template } }, options),
    promote: (template, version, options) =>
      call(
        { method: "PATCH", route: `${TEMPLATE}/versions`, parameters: { template }, body: { id: version } },
        options,
      ),
    async upload(source, { type = "tar", ...options } = {}) {
      const { hash } = await call({
        method: "POST",
        route: "/api/v2/files",
        // Exactly so: Coder takes no parameters behind it.
        upload: { type: type === "tar" ? "application/x-tar" : "application/zip", source },
        answer: z.object({ hash: id }),
      }, { timeoutMs: UPLOAD_TIMEOUT_MS, ...options });
      return hash;
    },
    createVersion: (organization, version, options) =>
      call({
        method: "POST",
        route: "/api/v2/organizations/{organization}/templateversions",
        parameters: { organization },
        body: {
          storage_method: "file",
          file_id: version.fileId,
          provisioner: "terraform",
          tags: version.tags ?? {},
          ...(version.templateId === undefined ? {} : { template_id: version.templateId }),
          ...(version.name === undefined ? {} : { name: version.name }),
          ...(version.message === undefined ? {} : { message: version.message }),
          ...(version.variables === undefined ? {} : { user_variable_values: version.variables }),
        },
        // Shorter ones would only mutilate the message.
        secrets: (version.variables ?? []).map(({ value }) => value).filter(({ length }) => length >= 8),
        answer: templateVersionSchema,
      }, options),
    cancelVersion: (version, options) =>
      call({
        method: "PATCH",
        route: "/api/v2/templateversions/{version}/cancel",
        parameters: { version },
      }, options),
  };
}

/** 304 says that everything was as it should be. */
async function orUnchanged<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CoderApiError && error.status === 304) return undefined;
    throw error;
  }
}
