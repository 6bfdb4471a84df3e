/** How a Deployment replaces its pods. */
import type { ControlPlane } from "../api/control_plane.ts";
import type { Deployment, DeploymentStrategy } from "../api/kubernetes/types.ts";

/** Old pods serve until new ones do. */
const KEEP_SERVING: DeploymentStrategy = {
  type: "RollingUpdate",
  rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
};

/**
 * The strategy to apply; undefined leaves that which is there. The default comes with a template of ours, so that a
 * Deployment which is kept as it was stays so, and never replaces what somebody set by hand.
 */
export function strategyOf(
  { spec }: ControlPlane,
  live: Deployment | undefined,
  rendered: boolean,
): DeploymentStrategy | undefined {
  if (spec.strategy !== undefined) return asked(spec.strategy);
  return rendered && isDefault(live?.spec?.strategy) ? KEEP_SERVING : undefined;
}

/** What the API server filled in for a rolling update would stay, and be refused beside Recreate. */
function asked(strategy: DeploymentStrategy): DeploymentStrategy {
  if (strategy.type !== "Recreate") return strategy;
  return { type: "Recreate", rollingUpdate: null } as unknown as DeploymentStrategy;
}

/** The API server's default, or ours. */
function isDefault({ type, rollingUpdate }: DeploymentStrategy = {}): boolean {
  if (type === undefined || type === "") return true;
  if (type !== "RollingUpdate") return false;
  const { maxSurge, maxUnavailable } = rollingUpdate ?? {};
  return (maxSurge === "25%" && maxUnavailable === "25%") || (maxSurge === 1 && maxUnavailable === 0);
}
