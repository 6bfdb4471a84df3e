/** Workspaces, as far as listing them. */
import { z } from "zod";
import type { Call, CallOptions } from "./call.ts";
import { id, listOf, nonEmpty, optionalFlag, optionalText, realId, timestamp } from "./schema_parts.ts";
import { orUndefined } from "./users.ts";

export const workspaceBuildSchema = z.object({
  id: realId,
  build_number: z.number().int(),
  /** `start`, `stop` or `delete`. */
  transition: nonEmpty,
  /** Such as `pending`, `running`, `stopped`, `failed`. */
  status: nonEmpty,
  created_at: timestamp,
  updated_at: timestamp,
  template_version_id: id,
  template_version_name: optionalText,
  job: z.object({ id, status: optionalText, error: optionalText }).nullish(),
});
export type WorkspaceBuild = z.infer<typeof workspaceBuildSchema>;

export const workspaceSchema = z.object({
  id: realId,
  name: nonEmpty,
  owner_id: id,
  owner_name: nonEmpty,
  organization_id: id,
  organization_name: optionalText,
  template_id: id,
  template_name: optionalText,
  outdated: optionalFlag,
  latest_build: workspaceBuildSchema,
  ttl_ms: z.number().nullish(),
  autostart_schedule: z.string().nullish(),
  last_used_at: timestamp.optional(),
  dormant_at: timestamp.nullish(),
  created_at: timestamp,
  /** Never moves after creation: no version of anything. */
  updated_at: timestamp,
});
export type Workspace = z.infer<typeof workspaceSchema>;

/** `count` is of all matches, also of those that a token's scopes hide. */
export const workspacePageSchema = z.object({ workspaces: listOf(workspaceSchema), count: z.number().int() });
export type WorkspacePage = z.infer<typeof workspacePageSchema>;

export interface WorkspaceCalls {
  /** Everything that matches, unless `limit` says less. Deleted ones cannot be listed. */
  list(
    filter?: { q?: string; limit?: number; offset?: number },
    options?: CallOptions,
  ): Promise<WorkspacePage>;
  get(id: string, filter?: { includeDeleted?: boolean }, options?: CallOptions): Promise<Workspace>;
  /** By the owner's id or name and the workspace's name. */
  find(owner: string, name: string, options?: CallOptions): Promise<Workspace | undefined>;
}

export function workspaceCalls(call: Call): WorkspaceCalls {
  return {
    list: ({ q, limit, offset } = {}, options) =>
      call({
        method: "GET",
        route: "/api/v2/workspaces",
        query: { q, limit, offset },
        answer: workspacePageSchema,
      }, options),
    get: (workspace, { includeDeleted } = {}, options) =>
      call({
        method: "GET",
        route: "/api/v2/workspaces/{workspace}",
        parameters: { workspace },
        query: { include_deleted: includeDeleted },
        answer: workspaceSchema,
      }, options),
    find: (user, name, options) =>
      orUndefined(call({
        method: "GET",
        route: "/api/v2/users/{user}/workspace/{name}",
        parameters: { user, name },
        answer: workspaceSchema,
      }, options)),
  };
}
