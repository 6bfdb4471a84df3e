/** Workspaces, as far as reading them. */
import { z } from "zod";
import type { Call, CallOptions } from "./call.ts";
import {
  id,
  listOf,
  nonEmpty,
  optionalFlag,
  optionalText,
  problemOfItem,
  realId,
  timestamp,
} from "./schema_parts.ts";
import { splitJsonItems } from "./json_items.ts";
import { orUndefined } from "./users.ts";
import { agentResourcesSchema } from "./workspace_agents.ts";

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
  /** Empty in the answer to a build that was just asked for. */
  template_version_name: optionalText,
  /** Also where nobody named one, and the values are those of one. */
  template_version_preset_id: id.nullish(),
  /** Such as `initiator`, `autostart`, `autostop`, `dormancy`. */
  reason: optionalText,
  initiator_name: optionalText,
  /** Set on stop builds, too, where the workspace has a time to live. */
  deadline: timestamp.nullish(),
  max_deadline: timestamp.nullish(),
  job: z.object({
    id,
    status: optionalText,
    error: optionalText,
    error_code: optionalText,
    completed_at: timestamp.nullish(),
  }).nullish(),
  resources: agentResourcesSchema,
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
  template_display_name: optionalText,
  template_active_version_id: id.nullish(),
  /** Starts take the active version, save for who may change the template. */
  template_require_active_version: z.boolean().nullish(),
  outdated: optionalFlag,
  latest_build: workspaceBuildSchema,
  ttl_ms: z.number().nullish(),
  autostart_schedule: z.string().nullish(),
  /** `always` or `never`. */
  automatic_updates: optionalText,
  last_used_at: timestamp.optional(),
  dormant_at: timestamp.nullish(),
  deleting_at: timestamp.nullish(),
  next_start_at: timestamp.nullish(),
  health: z.object({ healthy: z.boolean().nullish(), failing_agents: listOf(id) }).nullish(),
  created_at: timestamp,
  /** Never moves after creation: no version of anything. */
  updated_at: timestamp,
});
export type Workspace = z.infer<typeof workspaceSchema>;

/** `count` is of all matches, also of those that a token's scopes hide. */
export const workspacePageSchema = z.object({ workspaces: listOf(workspaceSchema), count: z.number().int() });
export type WorkspacePage = z.infer<typeof workspacePageSchema>;

/** A page that is read piece by piece: of a thousand workspaces, parsing takes longer than anybody should wait. */
export interface ReadableWorkspacePage {
  /** All that match, on whatever page. */
  readonly count: number;
  /** Records of this page, readable or not. */
  readonly length: number;
  /**
   * Some of them, without those that cannot be read; `problems` has one text for each of those.
   *
   * @param isKnown whether an item needs not be read. Asked for each, with Coder's own words: equal ones mean equal
   * workspaces. @default nothing is known
   */
  read(start: number, end: number, isKnown?: (item: string) => boolean): {
    readonly workspaces: readonly Workspace[];
    readonly problems: readonly string[];
    /** The words for each of the workspaces. */
    readonly items?: readonly string[];
  };
}

const countSchema = z.number().int();

/** Takes a page apart. Throws `SyntaxError` where it is none. */
function readablePage(text: string): ReadableWorkspacePage {
  const { items, rest } = splitJsonItems(text, "workspaces");
  const count = countSchema.safeParse(rest["count"]);
  return {
    count: count.success ? count.data : items.length,
    length: items.length,
    read(start, end, isKnown = () => false) {
      const read = { workspaces: [] as Workspace[], problems: [] as string[], items: [] as string[] };
      for (const [index, text] of items.slice(start, end).entries()) {
        const item = withoutNoise(text);
        if (isKnown(item)) continue;
        const value: unknown = JSON.parse(text);
        const { success, data, error } = workspaceSchema.safeParse(value);
        if (success) {
          read.workspaces.push(data);
          read.items.push(item);
        } else read.problems.push(problemOfItem(error, value, start + index));
      }
      return read;
    },
  };
}

/**
 * What differs in every answer and is not read: latencies of agents, and the times of their heartbeats. The exact forms
 * in which Coder writes them, so that nothing else can ever match; in texts, quotes are escaped.
 */
const NOISE = new RegExp(
  [
    String.raw`"latency":\{(?:"(?:[^"\\]|\\.)*":\{"preferred":(?:true|false),"latency_ms":[-+.\deE]+\},?)*\}`,
    String.raw`"updated_at":"[^"\\]*"(?=,"first_connected_at")`,
    String.raw`"last_connected_at":"[^"\\]*"`,
  ].join("|"),
  "g",
);

/** An item of a list, in Coder's own words, without {@linkcode NOISE}. */
export function withoutNoise(item: string): string {
  return item.replace(NOISE, "");
}

export interface WorkspaceCalls {
  /** Everything that matches, unless `limit` says less. Deleted ones cannot be listed. */
  list(
    filter?: { q?: string; limit?: number; offset?: number },
    options?: CallOptions,
  ): Promise<WorkspacePage>;
  /** As `list`, to be read piece by piece; records that cannot be read are left out and told. */
  page(
    filter?: { q?: string; limit?: number; offset?: number },
    options?: CallOptions,
  ): Promise<ReadableWorkspacePage>;
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
    page: ({ q, limit, offset } = {}, options) =>
      call({
        method: "GET",
        route: "/api/v2/workspaces",
        query: { q, limit, offset },
        answer: { read: readablePage },
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
