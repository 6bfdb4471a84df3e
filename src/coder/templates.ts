/** Templates and their versions, as far as reading them. */
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
  /** Its import. `file_id` is the source, and never changes. */
  job: z.object({ id, status: optionalText, error: optionalText, file_id: id }),
});
export type TemplateVersion = z.infer<typeof templateVersionSchema>;

export interface TemplateCalls {
  /** Of all organizations. Deprecated ones come only with `q: "deprecated:true"`. */
  list(filter?: { q?: string }, options?: CallOptions): Promise<Template[]>;
  /** As `list`; records that cannot be read are left out and counted. */
  readable(filter?: { q?: string }, options?: CallOptions): Promise<ReadableTemplates>;
  get(id: string, options?: CallOptions): Promise<Template>;
  /** By name, in an organization given by id or name. */
  find(organization: string, name: string, options?: CallOptions): Promise<Template | undefined>;
  version(id: string, options?: CallOptions): Promise<TemplateVersion>;
  /** The source of a version as it is stored: a tar archive. Coder allows 12 a minute for each file. */
  file(id: string, options?: CallOptions): Promise<Uint8Array>;
}

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
    file: (file, options) =>
      call<Uint8Array>({
        method: "GET",
        route: "/api/v2/files/{file}",
        parameters: { file },
        answer: "bytes",
      }, options),
  };
}
