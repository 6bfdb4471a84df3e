/** Values of the chart and the kustomization that must make the same objects. */

/** One pair. */
export interface Variant {
  readonly name: string;
  /** Folder, from `deploy/`. */
  readonly shape: string;
  /** Folders, from `deploy/`. */
  readonly components: readonly string[];
  readonly values: object;
}

const on = { enabled: true };

/** What each component is in values. */
const COMPONENTS: Readonly<Record<string, object>> = {
  "highly-available": { highlyAvailable: true },
  "size-medium": { size: "medium" },
  "size-large": { size: "large" },
  namespaced: { namespaces: ["coder"] },
  "network-policy": { networkPolicy: on },
  "cert-manager": { certManager: on },
  gateway: {
    mcp: {
      gateway: {
        enabled: true,
        parentRefs: [{ name: "gateway", namespace: "gateways", sectionName: "https" }],
        hostnames: ["mcp.example.com"],
      },
    },
  },
  monitoring: { monitoring: on },
  "audit-volume": { audit: on },
  "fluent-bit": { audit: { fluentBit: on } },
  "session-affinity": { mcp: { sessionAffinity: true } },
  "coder-access-kube-proxy": { rights: { coderAccessKubeProxy: true } },
  "coder-resources-view": { rights: { coderResourcesView: true } },
  "mcp-impersonation": { rights: { mcpImpersonation: true } },
  "see-all-workspaces": { rights: { seeAllWorkspaces: true } },
};

/** All names of components that the chart has. */
export const COMPONENT_NAMES: readonly string[] = Object.keys(COMPONENTS);

/** Each shape by itself, with each component, and with many at once. */
export function productVariants(): Variant[] {
  const many = COMPONENT_NAMES.filter((name) => !["size-medium", "audit-volume"].includes(name));
  return ["all", "split"].flatMap((mode) =>
    [[], ...COMPONENT_NAMES.map((name) => [name]), many].map((names): Variant => ({
      name: [mode, ...names].join(" + "),
      shape: `overlays/${mode}`,
      components: [
        ...names.map((name) => `components/${name}`),
        // It mends what the others grant.
        ...mode === "split" ? ["components/split-accounts"] : [],
      ],
      values: together([{ mode }, ...names.map((name) => COMPONENTS[name]!)]),
    }))
  );
}

/** Sandbox sessions: what the coordinator's and the workers' trees are in values. */
export function sessionVariants(): Variant[] {
  const coordinator = (more: object = {}) => ({ coordinator: { enabled: true, ...more } });
  const shape = "coordinator";
  const workers = "coordinator/workers";
  const optional = together([coordinator({ audit: on }), { monitoring: on }]);
  const redis = { redis: on };
  return [
    { name: "coordinator", shape, components: [], values: coordinator() },
    ...["medium", "large"].map((size) => ({
      name: `coordinator, ${size}`,
      shape,
      components: [`components/size-${size}`],
      values: coordinator({ size }),
    })),
    { name: "coordinator, optional", shape, components: ["coordinator/optional"], values: optional },
    { name: "coordinator, Redis", shape, components: ["coordinator/replicas"], values: coordinator(redis) },
    {
      name: "coordinator, Redis, optional",
      shape,
      components: ["coordinator/replicas", "coordinator/optional"],
      values: together([coordinator(redis), optional]),
    },
    { name: "workers", shape: workers, components: [], values: { workers: on } },
    {
      name: "workers, Redis",
      shape: workers,
      components: ["coordinator/replicas/workers"],
      values: { workers: on, coordinator: redis },
    },
  ];
}

/** Maps of maps, each laid over the one before it. */
export function together(values: readonly object[]): object {
  const result: Record<string, unknown> = {};
  for (const one of values) {
    for (const [key, value] of Object.entries(one)) {
      const there = result[key];
      result[key] = isMap(there) && isMap(value) ? together([there, value]) : value;
    }
  }
  return result;
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
