/** Templates and their versions, as far as reading them. What changes them is in `template_changes.ts`. */
import { z } from "zod";
import type { Call, CallOptions } from "./call.ts";
import {
  id,
  listOf,
  nonEmpty,
  optionalFlag,
  optionalText,
  readableItems,
  realId,
  timestamp,
} from "./schema_parts.ts";
import { orUndefined } from "./users.ts";

const days = listOf(z.string());
const count = z.number().nullish().transform((value) => value ?? 0);

export const templateSchema = z.object({
  id: realId,
  name: nonEmpty,
  display_name: optionalText,
  description: optionalText,
  icon: optionalText,
  organization_id: id,
  organization_name: optionalText,
  active_version_id: id,
  deprecated: optionalFlag,
  deprecation_message: optionalText,
  created_at: timestamp,
  /** Moves with changes and with promotions, not with use. */
  updated_at: timestamp,
  /** In milliseconds; 0: workspaces do not stop by themselves. */
  default_ttl_ms: count,
  /** How much activity moves the stop, in milliseconds. */
  activity_bump_ms: count,
  autostop_requirement: z.object({ days_of_week: days, weeks: count }).nullish(),
  autostart_requirement: z.object({ days_of_week: days }).nullish(),
  allow_user_cancel_workspace_jobs: optionalFlag,
  allow_user_autostart: optionalFlag,
  allow_user_autostop: optionalFlag,
  failure_ttl_ms: count,
  time_til_dormant_ms: count,
  time_til_dormant_autodelete_ms: count,
  require_active_version: optionalFlag,
  max_port_share_level: optionalText,
  cors_behavior: optionalText,
  use_classic_parameter_flow: optionalFlag,
});
export type Template = z.infer<typeof templateSchema>;

/** Templates without those that cannot be read; `problems` has one text for each of those. */
export interface ReadableTemplates {
  readonly templates: Template[];
  readonly problems: readonly string[];
}

export const templateVersionSchema = z.object({
  id: realId,
  name: optionalText,
  /** Absent, or the nil UUID, as long as it belongs to no template. */
  template_id: id.nullish(),
  /** What whoever made it has said of it. */
  message: optionalText,
  archived: optionalFlag,
  /** Its import. `file_id` is the source, and never changes. */
  job: z.object({
    id,
    /** `pending`, `running`, `succeeded`, `canceling`, `canceled`, `failed`, or what may be added. */
    status: optionalText,
    error: optionalText,
    /** Such as `REQUIRED_TEMPLATE_VARIABLES`. */
    error_code: optionalText,
    completed_at: timestamp.nullish(),
    file_id: id,
  }),
  /** When it was made: where nothing is available, it stays pending. */
  matched_provisioners: z.object({ count: z.number(), available: z.number() }).nullish(),
});
export type TemplateVersion = z.infer<typeof templateVersionSchema>;

/** A version as lists have it. */
export const listedVersionSchema = templateVersionSchema.extend({
  created_at: timestamp,
  created_by: z.object({ username: optionalText }).nullish(),
});
export type ListedTemplateVersion = z.infer<typeof listedVersionSchema>;

export interface TemplateCalls {
  /** Of all organizations. Deprecated ones come only with `q: "deprecated:true"`. */
  list(filter?: { q?: string }, options?: CallOptions): Promise<Template[]>;
  /** As `list`; records that cannot be read are left out and counted. */
  readable(filter?: { q?: string }, options?: CallOptions): Promise<ReadableTemplates>;
  get(id: string, options?: CallOptions): Promise<Template>;
  /** By name, in an organization given by id or name. */
  find(organization: string, name: string, options?: CallOptions): Promise<Template | undefined>;
  version(id: string, options?: CallOptions): Promise<TemplateVersion>;
  /** All versions of a template, the oldest first; archived ones on demand. */
  versions(
    template: string,
    filter?: { readonly archived?: boolean },
    options?: CallOptions,
  ): Promise<ListedTemplateVersion[]>;
  /** The source of a version as it is stored: a tar archive. Coder allows 12 a minute for each file. */
  file(id: string, options?: CallOptions): Promise<Uint8Array>;
  /** A version of a template by its name, which is case-sensitive. */
  versionNamed(template: string, name: string, options?: CallOptions): Promise<TemplateVersion | undefined>;
  /** The values that a version was imported with. Sensitive ones come without their values. */
  variables(version: string, options?: CallOptions): Promise<TemplateVariable[]>;
}

export const templateVariableSchema = z.object({
  name: nonEmpty,
  description: optionalText,
  type: optionalText,
  value: optionalText,
  default_value: optionalText,
  required: optionalFlag,
  sensitive: optionalFlag,
});
export type TemplateVariable = z.infer<typeof templateVariableSchema>;

export function templateCalls(call: Call): TemplateCalls {
  return {
    list: ({ q } = {}, options) =>
      call(
        { method: "GET", route: "/api/v2/templates", query: { q }, answer: listOf(templateSchema) },
        options,
      ),
    async readable({ q } = {}, options) {
      const answer = readableItems(templateSchema);
      const { items, problems } = await call(
        { method: "GET", route: "/api/v2/templates", query: { q }, answer },
        options,
      );
      return { templates: items, problems };
    },
    get: (template, options) =>
      call({
        method: "GET",
        route: "/api/v2/templates/{template}",
        parameters: { template },
        answer: templateSchema,
      }, options),
    find: (organization, name, options) =>
      orUndefined(call({
        method: "GET",
        route: "/api/v2/organizations/{organization}/templates/{name}",
        parameters: { organization, name },
        answer: templateSchema,
      }, options)),
    version: (version, options) =>
      call({
        method: "GET",
        route: "/api/v2/templateversions/{version}",
        parameters: { version },
        answer: templateVersionSchema,
      }, options),
    versions: (template, { archived = false } = {}, options) =>
      call({
        method: "GET",
        route: "/api/v2/templates/{template}/versions",
        parameters: { template },
        query: { include_archived: archived ? "true" : undefined },
        answer: listOf(listedVersionSchema),
      }, options),
    file: (file, options) =>
      call<Uint8Array>({
        method: "GET",
        route: "/api/v2/files/{file}",
        parameters: { file },
        answer: "bytes",
      }, options),
    versionNamed: (template, version, options) =>
      orUndefined(call({
        method: "GET",
        route: "/api/v2/templates/{template}/versions/{version}",
        parameters: { template, version },
        answer: templateVersionSchema,
      }, options)),
    variables: (version, options) =>
      call({
        method: "GET",
        route: "/api/v2/templateversions/{version}/variables",
        parameters: { version },
        answer: listOf(templateVariableSchema),
      }, options),
  };
}
