/** Organizations. */
import { z } from "zod";
import type { Call, CallOptions } from "./call.ts";
import { listOf, nonEmpty, optionalFlag, optionalText, realId } from "./schema_parts.ts";
import { orUndefined } from "./users.ts";

export const organizationSchema = z.object({
  id: realId,
  name: nonEmpty,
  display_name: optionalText,
  description: optionalText,
  icon: optionalText,
  is_default: optionalFlag,
});
export type Organization = z.infer<typeof organizationSchema>;

export interface OrganizationCalls {
  /** Those that the token may see. */
  list(options?: CallOptions): Promise<Organization[]>;
  /** By id or name; `default` is the deployment's first one. */
  get(organization: string, options?: CallOptions): Promise<Organization>;
  find(organization: string, options?: CallOptions): Promise<Organization | undefined>;
}

export function organizationCalls(call: Call): OrganizationCalls {
  const get = (organization: string, options?: CallOptions) =>
    call({
      method: "GET",
      route: "/api/v2/organizations/{organization}",
      parameters: { organization },
      answer: organizationSchema,
    }, options);
  return {
    list: (options) =>
      call({ method: "GET", route: "/api/v2/organizations", answer: listOf(organizationSchema) }, options),
    get,
    find: (organization, options) => orUndefined(get(organization, options)),
  };
}
