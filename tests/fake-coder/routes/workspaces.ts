/** Templates and workspaces, as far as reading them. */
import { randomUUID } from "node:crypto";
import { notFound, ok, refuse } from "../reply.ts";
import type { FakeRoute } from "../route.ts";
import type { FakeState, FakeUser } from "../state.ts";

/** Adds a template, as the API would show it. */
export function addTemplate(state: FakeState, name: string, changes: Record<string, unknown> = {}) {
  const organization = state.defaultOrganization;
  const template = {
    id: randomUUID(),
    created_at: state.time(),
    updated_at: state.time(),
    organization_id: organization.id,
    organization_name: organization.name,
    organization_display_name: organization.display_name,
    name,
    display_name: "",
    provisioner: "terraform",
    active_version_id: randomUUID(),
    active_user_count: -1,
    build_time_stats: { start: { P50: null, P95: null } },
    description: "",
    deprecated: false,
    deprecation_message: "",
    icon: "",
    default_ttl_ms: 0,
    ...changes,
  };
  state.templates.push(template);
  return template;
}

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

const GONE =
  "This workspace was deleted and can no longer be viewed. You can view this workspace by specifying " +
  "'?deleted=true' and trying again.";

export const workspaceRoutes: readonly FakeRoute[] = [
  {
    method: "GET",
    template: "/api/v2/templates",
    query: ["q"],
    handle: ({ state, query }) => {
      const deprecated = query.get("q") === "deprecated:true";
      return ok(state.templates.filter((template) => template["deprecated"] === deprecated));
    },
  },
  {
    method: "GET",
    template: "/api/v2/templates/{template}",
    handle: ({ state, parameters }) => {
      const template = state.templates.find((one) => one["id"] === parameters["template"]);
      return template === undefined ? notFound() : ok(template);
    },
  },
  {
    method: "GET",
    template: "/api/v2/organizations/{organization}/templates/{name}",
    handle: ({ state, parameters }) => {
      const organization = state.organization(parameters["organization"] ?? "");
      const name = parameters["name"]?.toLowerCase();
      const template = state.templates.find((one) =>
        one["organization_id"] === organization?.id && String(one["name"]).toLowerCase() === name
      );
      return template === undefined ? notFound() : ok(template);
    },
  },
  {
    method: "GET",
    template: "/api/v2/workspaces",
    query: ["q", "limit", "offset"],
    handle: ({ state, query }) => {
      const live = state.workspaces.filter((one) => one["deleted"] !== true);
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
        one["owner_id"] === owner?.id && one["name"] === parameters["name"] && one["deleted"] !== true
      );
      return workspace === undefined ? notFound() : ok(workspace);
    },
  },
];
