/** Which key the pods of a provisioner run with. */
import type { Deployment, Pod } from "../../api/kubernetes/types.ts";
import { Deployments, Pods } from "../../api/kubernetes/resources.ts";
import { isNotFound } from "../../kube/errors.ts";
import { ownDeployment } from "../../operator/children/deployment.ts";
import { rolloutOf } from "../../operator/children/rollout.ts";
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import { instanceLabel } from "../../workload/names.ts";
import { selectorText } from "../../workload/labels.ts";
import { BY_INSTANCE, hasEnded, isReady, KEY_CHECKSUM } from "../../workload/provisioner_pods.ts";
import { childLabels } from "../children.ts";
import { liveChecksum } from "../template_facts.ts";
import type { Visit, VisitTools } from "./visit.ts";

/** Its pods as the cache has them, without those that have ended. */
export function podsOf(
  { key: { namespace, name } }: Pick<Visit, "key">,
  { kinds }: Pick<VisitTools, "kinds">,
): Pod[] {
  return kinds.pods.byIndex(BY_INSTANCE, `${namespace}/${instanceLabel(name)}`).filter((pod) =>
    !hasEnded(pod)
  );
}

/**
 * The checksum of the key that every pod runs with; undefined while some may run with another. Before a key is deleted,
 * what the cache says is looked up: `surely`.
 */
export async function rolledWith(
  visit: Visit,
  tools: VisitTools,
  surely: boolean,
): Promise<string | undefined> {
  const cached = rolled(ownDeployment(visit, tools), podsOf(visit, tools));
  if (cached === undefined || !surely) return cached;
  const { deploymentKey, key: { namespace }, object, provisioner, signal } = visit;
  const { client } = tools;
  let deployment: Deployment;
  try {
    deployment = await client.get(Deployments, deploymentKey, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
  if (!isControlledBy(deployment, object)) return undefined;
  const labelSelector = selectorText(childLabels(provisioner));
  const pods = await client.list(Pods, { namespace, labelSelector, signal });
  return rolled(deployment, pods.items.filter((pod) => !hasEnded(pod)));
}

function rolled(deployment: Deployment | undefined, pods: readonly Pod[]): string | undefined {
  if (deployment === undefined) return undefined;
  const { complete, wanted } = rolloutOf(deployment);
  const checksum = liveChecksum(deployment);
  const all = pods.every((pod) => isReady(pod) && pod.metadata.annotations?.[KEY_CHECKSUM] === checksum);
  return complete && all && pods.length >= wanted ? checksum : undefined;
}
