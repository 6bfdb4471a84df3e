/** The values of Coder's chart that count where a values file says nothing, as of {@linkcode CHART_VERSION}. */
import { type Fields, isFields } from "./values_text.ts";

/** Which chart the defaults are of. */
export const CHART_VERSION = "2.30.0";

/** What the chart sets by its values file or by its templates. Empty values are left out. */
export const CHART_DEFAULTS: Fields = {
  coder: {
    envUseClusterAccessURL: true,
    image: { repo: "ghcr.io/coder/coder", pullPolicy: "IfNotPresent" },
    serviceAccount: { workspacePerms: true, enableDeployments: true, name: "coder", disableCreate: false },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      seccompProfile: { type: "RuntimeDefault" },
      allowPrivilegeEscalation: false,
    },
    replicaCount: 1,
    workspaceProxy: false,
    readinessProbe: { enabled: true, initialDelaySeconds: 0 },
    livenessProbe: { enabled: false, initialDelaySeconds: 0 },
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{
          podAffinityTerm: {
            labelSelector: {
              matchExpressions: [{ key: "app.kubernetes.io/instance", operator: "In", values: ["coder"] }],
            },
            topologyKey: "kubernetes.io/hostname",
          },
          weight: 1,
        }],
      },
    },
    service: {
      enable: true,
      type: "LoadBalancer",
      sessionAffinity: "None",
      externalTrafficPolicy: "Cluster",
    },
    ingress: { enable: false, tls: { enable: false } },
    command: ["/opt/coder"],
  },
};

/** What the chart's template sets where `coder.resources` is empty. */
export const DEFAULT_RESOURCES: Fields = {
  limits: { cpu: "2000m", memory: "4096Mi" },
  requests: { cpu: "2000m", memory: "4096Mi" },
};

/** Helm's rule: maps are merged, everything else replaces the default, `null` takes the default away. */
export function mergeValues(defaults: Fields, given: Fields): Fields {
  const merged = new Map(Object.entries(defaults));
  for (const [key, value] of Object.entries(given)) {
    const fallback = merged.get(key);
    if (value === null) merged.delete(key);
    else merged.set(key, isFields(fallback) && isFields(value) ? mergeValues(fallback, value) : value);
  }
  return Object.fromEntries(merged);
}
