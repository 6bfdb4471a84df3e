/** Agents and apps of a workspace, as its status shows them. */
import type { AgentStatus, AppStatus } from "../../api/workspace_agents.ts";
import type { Workspace, WorkspaceAgent, WorkspaceApp } from "../../inventory/mod.ts";
import { type Addresses, timeOf, unlessEmpty } from "./metadata.ts";

/** Whose agents, and where. */
export interface Home {
  readonly owner: string;
  readonly workspace: string;
  readonly addresses: Addresses;
}

/** All agents of the latest build. */
export function agentsOf({ latest_build }: Pick<Workspace, "latest_build">): WorkspaceAgent[] {
  return latest_build.resources.flatMap(({ agents }) => agents);
}

export function agentStatus(agent: WorkspaceAgent, home: Home): AgentStatus {
  const apps = appsOf(agent, home);
  return {
    id: agent.id,
    name: agent.name,
    ...unlessEmpty("status", agent.status),
    ...unlessEmpty("lifecycleState", agent.lifecycle_state),
    healthy: agent.health?.healthy ?? false,
    ...unlessEmpty("reason", agent.health?.reason),
    ...unlessEmpty("operatingSystem", agent.operating_system),
    ...unlessEmpty("architecture", agent.architecture),
    ...unlessEmpty("directory", agent.expanded_directory || agent.directory),
    ...unlessEmpty("version", agent.version),
    ...unlessEmpty("parentID", agent.parent_id ?? ""),
    ...unlessEmpty("readyAt", timeOf(agent.ready_at)),
    ...(apps.length === 0 ? {} : { apps }),
  };
}

/** Of several apps with one slug, the first: the list is a map by slug. */
function appsOf(agent: WorkspaceAgent, home: Home): AppStatus[] {
  const apps = new Map<string, AppStatus>();
  for (const app of agent.apps) {
    if (apps.has(app.slug)) continue;
    apps.set(app.slug, {
      slug: app.slug,
      ...unlessEmpty("displayName", app.display_name),
      ...unlessEmpty("url", appUrl(app, agent, home)),
      ...unlessEmpty("health", app.health),
      ...(app.external ? { external: true } : {}),
      ...(app.hidden ? { hidden: true } : {}),
    });
  }
  return [...apps.values()];
}

/** As Coder's own pages link it. */
function appUrl(app: WorkspaceApp, agent: WorkspaceAgent, { owner, workspace, addresses }: Home): string {
  if (app.external) return app.url;
  const { access, apps } = addresses;
  if (access === "") return "";
  if (app.command === "" && app.subdomain && app.subdomain_name !== "" && apps.includes("*")) {
    const scheme = access.startsWith("https:") ? "https:" : "http:";
    return `${scheme}//${apps.replace("*", encodeURIComponent(app.subdomain_name))}/`;
  }
  const path = [`@${owner}`, `${workspace}.${agent.name}`].map(encodeURIComponent).join("/").replace(
    "%40",
    "@",
  );
  const slug = encodeURIComponent(app.slug);
  return app.command === "" ? `${access}/${path}/apps/${slug}/` : `${access}/${path}/terminal?app=${slug}`;
}
