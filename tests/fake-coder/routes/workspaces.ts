/** Workspaces, as far as reading them. What builds them is in `../life.ts`. */
import { randomUUID } from "node:crypto";
import { notFound, ok, refuse } from "../reply.ts";
import type { FakeRoute } from "../route.ts";
import type { FakeState, FakeUser } from "../state.ts";
import { addTemplate } from "./templates.ts";

/** Adds a running workspace. */
export function addWorkspace(
  state: FakeState,
  owner: FakeUser,
  name: string,
  changes: Record<string, unknown> = {},
) {
  const template = state.templates[0] ?? addTemplate(state, "docker");
  const now = state.time();
  const workspace = {
    id: randomUUID(),
    created_at: now,
    updated_at: now,
    owner_id: owner.id,
    owner_name: owner.username,
    organization_id: state.defaultOrganization.id,
    organization_name: state.defaultOrganization.name,
    template_id: template["id"],
    template_name: template["name"],
    template_active_version_id: template["active_version_id"],
    latest_build: {
      id: randomUUID(),
      build_number: 1,
      transition: "start",
      status: "running",
      created_at: now,
      updated_at: now,
      template_version_id: template["active_version_id"],
      template_version_name: "first",
      job: { id: randomUUID(), status: "succeeded", tags: {} },
      resources: [],
    },
    outdated: false,
    name,
    autostart_schedule: null,
    ttl_ms: null,
    last_used_at: now,
    dormant_at: null,
    health: { healthy: true, failing_agents: [] },
    favorite: false,
    ...changes,
  };
  state.workspaces.push(workspace);
  return workspace;
}

/** Running ones first, then by owner and name: a change of state moves a workspace to another page. */
function asListed(a: Record<string, unknown>, b: Record<string, unknown>): number {
  const key = (one: Record<string, unknown>) => {
    const { status } = (one["latest_build"] ?? {}) as { status?: string };
    return `${status === "running" ? 0 : 1} ${one["owner_name"]} ${one["name"]}`;
  };
  const [left, right] = [key(a), key(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

const GONE =
  "This workspace was deleted and can no longer be viewed. You can view this workspace by specifying " +
  "'?deleted=true' and trying again.";

export const workspaceRoutes: readonly FakeRoute[] = [
  {
    method: "GET",
    template: "/api/v2/workspaces",
    query: ["q", "limit", "offset"],
    handle: ({ state, query }) => {
      const live = state.workspaces.filter((one) => one["deleted"] !== true).sort(asListed);
      const offset = Number(query.get("offset") ?? 0);
      const limit = Number(query.get("limit") ?? 0);
      if (!(offset >= 0) || !(limit >= 0)) return refuse(400, "Query parameters have invalid values.");
      return ok({
        workspaces: live.slice(offset, limit === 0 ? undefined : offset + limit),
        count: live.length,
      });
    },
  },
  {
    method: "GET",
    template: "/api/v2/workspaces/{workspace}",
    query: ["include_deleted"],
    handle: ({ state, parameters, query }) => {
      const workspace = state.workspaces.find((one) => one["id"] === parameters["workspace"]);
      if (workspace === undefined) return notFound();
      const gone = workspace["deleted"] === true && query.get("include_deleted") !== "true";
      return gone ? refuse(410, GONE) : ok(workspace);
    },
  },
  {
    method: "GET",
    template: "/api/v2/users/{user}/workspace/{name}",
    handle: ({ state, parameters, caller }) => {
      const owner = parameters["user"] === "me" ? caller?.user : state.user(parameters["user"] ?? "");
      const workspace = state.workspaces.find((one) =>
        one["owner_id"] === owner?.id && one["deleted"] !== true &&
        String(one["name"]).toLowerCase() === parameters["name"]?.toLowerCase()
      );
      return workspace === undefined ? notFound() : ok(workspace);
    },
  },
];
