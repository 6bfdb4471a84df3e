/** Templates, as far as listing them. */
import { z } from "zod";
import type { Call, CallOptions } from "./call.ts";
import { id, listOf, nonEmpty, optionalFlag, optionalText, realId, timestamp } from "./schema_parts.ts";
import { orUndefined } from "./users.ts";

export const templateSchema = z.object({
  id: realId,
  name: nonEmpty,
  display_name: optionalText,
  description: optionalText,
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

export interface TemplateCalls {
  /** Of all organizations. Deprecated ones come only with `q: "deprecated:true"`. */
  list(filter?: { q?: string }, options?: CallOptions): Promise<Template[]>;
  get(id: string, options?: CallOptions): Promise<Template>;
  /** By name, in an organization given by id or name. */
  find(organization: string, name: string, options?: CallOptions): Promise<Template | undefined>;
}

export function templateCalls(call: Call): TemplateCalls {
  return {
    list: ({ q } = {}, options) =>
      call(
        { method: "GET", route: "/api/v2/templates", query: { q }, answer: listOf(templateSchema) },
        options,
      ),
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
  };
}
