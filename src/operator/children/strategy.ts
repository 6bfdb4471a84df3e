/** How a Deployment replaces its pods. */
import { Deployments } from "../../api/kubernetes/resources.ts";
import type { Deployment, DeploymentStrategy } from "../../api/kubernetes/types.ts";
import { FIELD_MANAGER } from "../../kube/applier.ts";
import { isConflict, isNotFound, KubeApiError } from "../../kube/errors.ts";
import type { PassState, Tools } from "../pass/step.ts";

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
  { spec }: { readonly spec: { readonly strategy?: DeploymentStrategy | undefined } },
  live: Deployment | undefined,
  rendered: boolean,
): DeploymentStrategy | undefined {
  if (spec.strategy !== undefined) return spec.strategy;
  return rendered && isDefault(live?.spec?.strategy) ? KEEP_SERVING : undefined;
}

/** The API server's default, or ours. */
function isDefault({ type, rollingUpdate }: DeploymentStrategy = {}): boolean {
  if (type === undefined || type === "") return true;
  if (type !== "RollingUpdate") return false;
  const { maxSurge, maxUnavailable } = rollingUpdate ?? {};
  return (maxSurge === "25%" && maxUnavailable === "25%") || (maxSurge === 1 && maxUnavailable === 0);
}

/**
 * Turns a Deployment to Recreate where the apply to come could not: numbers of a rolling update that the API server
 * filled in belong to nobody, so that no apply takes them away, and beside Recreate they are refused.
 */
export async function makeRoomForRecreate(
  strategy: DeploymentStrategy | undefined,
  live: Deployment | undefined,
  { deploymentKey, signal }: Pick<PassState, "deploymentKey" | "signal">,
  { client, kinds }: Pick<Tools, "client" | "kinds">,
): Promise<void> {
  if (strategy?.type !== "Recreate" || live?.spec?.strategy?.rollingUpdate === undefined) return;
  const body = [
    { op: "test", path: "/metadata/uid", value: live.metadata.uid },
    { op: "replace", path: "/spec/strategy", value: { type: "Recreate" } },
  ] as const;
  try {
    const stored = await client.patch(Deployments, deploymentKey, { type: "json", body }, {
      fieldManager: FIELD_MANAGER,
      signal,
    });
    kinds.deployments.observe(stored);
  } catch (error) {
    // It is another one by now, or none: the apply will see.
    const gone = isNotFound(error) || isConflict(error);
    if (!gone && !(error instanceof KubeApiError && error.code === 422)) throw error;
  }
}
