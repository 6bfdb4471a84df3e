/** Jobs of provisioners: builds of workspaces, imports of templates, dry runs. */
import { z } from "zod";
import type { Call, CallOptions } from "./call.ts";
import { id, listOf, optionalText, realId, timestamp } from "./schema_parts.ts";

export const provisionerJobSchema = z.object({
  id: realId,
  organization_id: realId,
  /** `pending`, `running`, `canceling`, `succeeded`, `canceled`, `failed`, or what a newer Coder may add. */
  status: optionalText,
  /** Scope and owner included. */
  tags: z.record(z.string(), z.string()).nullish().transform((tags) => tags ?? {}),
  type: optionalText,
  worker_id: optionalText,
  /** Of the daemon that works on it. */
  worker_name: optionalText,
  created_at: timestamp,
  /** What it is for, where Coder says so. */
  metadata: z.object({ workspace_id: id.nullish(), template_id: id.nullish() }).nullish(),
});
export type ProvisionerJob = z.infer<typeof provisionerJobSchema>;

export interface ProvisionerJobCalls {
  /**
   * Jobs of an organization, the newest first. Coder gives 50 where no limit is named: as many as the limit means that
   * there may be more. Not found where the token's user may not see jobs.
   */
  list(
    organization: string,
    filter?: { limit?: number; statuses?: readonly string[] },
    options?: CallOptions,
  ): Promise<ProvisionerJob[]>;
}

export function provisionerJobCalls(call: Call): ProvisionerJobCalls {
  return {
    list: (organization, { limit, statuses } = {}, options) =>
      call({
        method: "GET",
        route: "/api/v2/organizations/{organization}/provisionerjobs",
        parameters: { organization },
        query: { limit, status: statuses?.join(",") },
        answer: listOf(provisionerJobSchema),
      }, options),
  };
}
