/** Workspaces as they are: all of them, one, its agents. */
import { z } from "zod";
import { type CoderWorkspace, CoderWorkspaces } from "../../api/workspace.ts";
import { PAGE_OUTPUT, pageInput, pageOf } from "../answers/page.ts";
import { nameInput, namespaceInput, readTool, type ToolCall } from "../tool.ts";
import { ToolError } from "../errors.ts";
import { createListMemory } from "./list_memory.ts";
import { READ_MS, readWorkspace, telling } from "./workspace_access.ts";
import {
  briefOf,
  detailsOf,
  plainUrl,
  WORKSPACE_BRIEF,
  WORKSPACE_DETAILS,
  workspaceText,
} from "./workspace_facts.ts";

const STANDARD = 50;
const MOST = 500;

export const listWorkspaces = readTool({
  name: "list_workspaces",
  description: "List Coder workspaces, by name",
  toolset: "core",
  input: z.object({
    namespace: z.string().optional().describe("Default all"),
    owner: z.string().optional(),
    template: z.string().optional(),
    state: z.string().optional().describe("running, stopped, failed…"),
    outdated: z.boolean().optional(),
    unusedDays: z.int().min(1).max(10_000).optional().describe("At least"),
    ...pageInput(STANDARD, MOST),
  }),
  output: z.object({ items: z.array(z.object(WORKSPACE_BRIEF)), ...PAGE_OUTPUT }),
  idempotent: true,
  async read({ namespace = "", owner, template, state, limit, cursor, ...wanted }, call) {
    const fieldSelector = selectorOf({
      "status.ownerName": owner,
      "spec.templateName": template,
      "status.latestBuildStatus": state,
    });
    const all = await listed(call, namespace, fieldSelector);
    const isAll = wanted.outdated === undefined && wanted.unusedDays === undefined;
    const items = isAll ? all : all.filter((workspace) => isWanted(workspace, wanted, call.now()));
    return pages(items, `${limit ?? 0} ${cursor ?? ""}`, () => {
      const page = pageOf(items, {
        limit,
        cursor,
        standard: STANDARD,
        most: MOST,
        keyOf: ({ metadata }) => `${metadata.namespace}/${metadata.name}`,
        sizeOf: () => BRIEF_BYTES,
      });
      return Object.freeze({ ...page, items: page.items.map(briefOf) });
    });
  },
});

const DAY_MS = 86_400_000;

/** Who was never used counts from its making. */
function isWanted(
  { metadata, status }: CoderWorkspace,
  { outdated, unusedDays }: {
    readonly outdated?: boolean | undefined;
    readonly unusedDays?: number | undefined;
  },
  now: number,
): boolean {
  if (outdated !== undefined && (status?.outdated === true) !== outdated) return false;
  if (unusedDays === undefined) return true;
  const used = Date.parse(status?.lastUsedAt ?? metadata.creationTimestamp ?? "");
  return used <= now - unusedDays * DAY_MS;
}

/** Of one workspace in the answer, roughly. */
const BRIEF_BYTES = 160;

/** Frozen: what is made of a page is made once. */
const pages = createListMemory<CoderWorkspace, Listed>();

interface Listed {
  readonly items: ReturnType<typeof briefOf>[];
  readonly nextCursor?: string;
  readonly total?: number;
}

async function listed(
  { cluster, signal, warn }: ToolCall,
  namespace: string,
  fieldSelector: string | undefined,
): Promise<CoderWorkspace[]> {
  return await telling("list CoderWorkspace resources", async () => {
    const { items } = await cluster.list(CoderWorkspaces, {
      signal,
      timeoutMs: READ_MS,
      ...(namespace === "" ? {} : { namespace }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    });
    for (const text of cluster.missing(CoderWorkspaces, namespace === "" ? undefined : namespace)) warn(text);
    return items;
  });
}

function selectorOf(fields: Readonly<Record<string, string | undefined>>): string | undefined {
  const terms = Object.entries(fields).flatMap(([field, value]) => {
    if (value === undefined || value === "") return [];
    if (!/^[\w-]+$/.test(value)) throw new ToolError("invalid", `${JSON.stringify(value)} is no name`);
    return [`${field}=${value}`];
  });
  return terms.length === 0 ? undefined : terms.join(",");
}

export const getWorkspace = readTool({
  name: "get_workspace",
  description: "One workspace: state, latest build, agents, schedule",
  toolset: "core",
  input: z.object({
    namespace: namespaceInput(),
    name: nameInput().describe("<organization>.<owner>.<workspace>"),
  }),
  output: z.object({ workspace: z.object(WORKSPACE_DETAILS) }),
  idempotent: true,
  async read(key, call) {
    const workspace = await readWorkspace(call, key);
    for (const text of call.cluster.missing(CoderWorkspaces, key.namespace)) call.warn(text);
    return { workspace: detailsOf(workspace) };
  },
  text: workspaceText,
});

export const getWorkspaceAgents = readTool({
  name: "get_workspace_agents",
  description: "Agents of a workspace, whether they are connected, and their apps",
  toolset: "workspaces",
  input: z.object({ namespace: namespaceInput(), name: nameInput() }),
  output: z.object({
    name: z.string(),
    state: z.string().optional(),
    agents: z.array(z.object({
      name: z.string(),
      status: z.string().optional(),
      lifecycle: z.string().optional(),
      healthy: z.boolean(),
      reason: z.string().optional(),
      os: z.string().optional(),
      arch: z.string().optional(),
      directory: z.string().optional(),
      version: z.string().optional(),
    })),
    apps: z.array(z.object({
      agent: z.string(),
      slug: z.string(),
      displayName: z.string().optional(),
      url: z.string().optional().describe("Without query"),
      health: z.string().optional(),
      external: z.boolean().optional(),
    })),
  }),
  idempotent: true,
  async read(key, call) {
    const workspace = await readWorkspace(call, key);
    const agents = workspace.status?.agents ?? [];
    if (agents.length === 0 && workspace.spec.running !== true) {
      call.warn("It does not run: a stopped workspace has no agents.");
    }
    const { name, state } = briefOf(workspace);
    return {
      name,
      ...(state === undefined ? {} : { state }),
      agents: agents.map(({ name, status, lifecycleState, healthy, reason, ...rest }) => ({
        name,
        status,
        lifecycle: lifecycleState,
        healthy,
        reason,
        os: rest.operatingSystem,
        arch: rest.architecture,
        directory: rest.directory,
        version: rest.version,
      })),
      apps: agents.flatMap((agent) =>
        (agent.apps ?? []).map(({ slug, displayName, url, health, external }) => ({
          agent: agent.name,
          slug,
          displayName,
          url: url === undefined ? undefined : plainUrl(url),
          health,
          external,
        }))
      ),
    };
  },
});
