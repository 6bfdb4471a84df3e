/** Which parts of `deploy/` the chart has, and which values turn them on. */

/** A component and the condition under which the chart has it. */
export interface Component {
  /** Folder, from `deploy/`. */
  readonly path: string;
  readonly when: string;
  /** File of its own objects, below `templates/`, without its suffix. */
  readonly file: string;
}

/** Shapes that exclude each other, and what they have in common. */
export interface Group {
  /** Folder, from `deploy/`, and the condition. A shape that stands alone has the condition of the group. */
  readonly shapes: readonly { readonly path: string; readonly when: string }[];
  readonly components: readonly Component[];
  /** Components that come last on a shape: they mend what others did. */
  readonly last?: Readonly<Record<string, readonly string[]>>;
  /** File of objects of a kind, below `templates/`, without its suffix. */
  readonly fileOf: (kind: string, name: string) => string;
  /** The condition under which there is anything. @default always */
  readonly when?: string;
}

const component = (name: string, when: string, file = name): Component => ({
  path: `components/${name}`,
  when,
  file,
});

const RBAC = new Set(["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]);

/** Controllers, aggregated API server, MCP server. */
export const PRODUCT: Group = {
  shapes: [
    { path: "overlays/all", when: 'eq $.Values.mode "all"' },
    { path: "overlays/split", when: 'eq $.Values.mode "split"' },
  ],
  components: [
    component("highly-available", "$.Values.highlyAvailable", "priority-class"),
    component("size-medium", 'eq $.Values.size "medium"'),
    component("size-large", 'eq $.Values.size "large"'),
    component("namespaced", "$.Values.namespaces", "rbac-namespaces"),
    component("network-policy", "$.Values.networkPolicy.enabled"),
    component("cert-manager", "$.Values.certManager.enabled"),
    component("gateway", "$.Values.mcp.gateway.enabled", "http-route"),
    component("monitoring", "$.Values.monitoring.enabled"),
    component("audit-volume", "$.Values.audit.enabled", "audit"),
    component("fluent-bit", "$.Values.audit.fluentBit.enabled", "audit"),
    component("session-affinity", "$.Values.mcp.sessionAffinity"),
    component("coder-access-kube-proxy", "$.Values.rights.coderAccessKubeProxy", "rbac-optional"),
    component("coder-resources-view", "$.Values.rights.coderResourcesView", "rbac-optional"),
    component("mcp-impersonation", "$.Values.rights.mcpImpersonation", "rbac-optional"),
    component("see-all-workspaces", "$.Values.rights.seeAllWorkspaces", "rbac-optional"),
  ],
  last: { "overlays/split": ["components/split-accounts"] },
  fileOf: (kind, name) => {
    if (RBAC.has(kind)) return name.startsWith("coder-k8s-workspaces") ? "rbac-users" : "rbac";
    const files: Record<string, string> = {
      APIService: "api-service",
      Deployment: "deployments",
      PodDisruptionBudget: "disruption-budgets",
      Service: "services",
      ServiceAccount: "service-accounts",
    };
    return files[kind] ?? kind.toLowerCase();
  },
};

/** Sandbox sessions: the coordinator. */
export const COORDINATOR: Group = {
  when: "$.Values.coordinator.enabled",
  shapes: [{ path: "coordinator", when: "true" }],
  components: [
    { path: "coordinator/replicas", when: "$.Values.coordinator.redis.enabled", file: "coordinator/redis" },
    {
      path: "coordinator/optional",
      when: "$.Values.coordinator.audit.enabled",
      file: "coordinator/optional",
    },
    { path: "components/size-medium", when: 'eq $.Values.coordinator.size "medium"', file: "" },
    { path: "components/size-large", when: 'eq $.Values.coordinator.size "large"', file: "" },
  ],
  fileOf: () => "coordinator/coordinator",
};

/** Sandbox sessions: workers. */
export const WORKERS: Group = {
  when: "$.Values.workers.enabled",
  shapes: [{ path: "coordinator/workers", when: "true" }],
  components: [
    { path: "coordinator/replicas/workers", when: "$.Values.coordinator.redis.enabled", file: "" },
  ],
  fileOf: () => "workers/workers",
};
