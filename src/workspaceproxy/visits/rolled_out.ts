/** Whether all pods of a proxy run with the token of the present, so that earlier registrations may go. */
import { Pods } from "../../api/kubernetes/resources.ts";
import type { KubeClient } from "../../kube/client.ts";
import { rolloutOf } from "../../operator/children/rollout.ts";
import { selectorText } from "../../workload/labels.ts";
import { childLabels } from "../children.ts";
import { tokenOf } from "../connection.ts";
import { isRegisteredByOperator, tokenSecretOf, type TokenView } from "../registration/mod.ts";
import { TOKEN_ANNOTATION } from "../results.ts";
import { tokenHash } from "./token_secret.ts";
import type { Visit } from "./visit.ts";

type Looking = Pick<Visit, "deployment" | "proxy">;

/** True where the Deployment, as the cache has it, is past all earlier tokens. Pods may still be ending. */
export function isRolledOut({ deployment, proxy }: Looking, secret: TokenView): boolean {
  if (deployment === undefined) return true;
  if (!rolloutOf(deployment).complete) return false;
  const [wanted, used] = [tokenSecretOf(proxy), tokenOf(deployment)];
  if (wanted === undefined || wanted.name !== used?.name || wanted.key !== used.key) return false;
  const mark = deployment.metadata.annotations?.[TOKEN_ANNOTATION];
  if (!isRegisteredByOperator(proxy)) return mark === undefined;
  return secret.state === "held" && mark === tokenHash(secret.token);
}

/**
 * The same, and the pods themselves say so: Deployments do not count those that are ending, and what the cache has of one
 * may be older than its pods. Throws what the API server refuses.
 */
export async function isUnused(
  visit: Looking & Pick<Visit, "signal">,
  secret: TokenView,
  client: Pick<KubeClient, "list">,
): Promise<boolean> {
  if (!isRolledOut(visit, secret)) return false;
  const { deployment, proxy, signal } = visit;
  const namespace = proxy.metadata.namespace ?? "";
  const labelSelector = selectorText(childLabels(proxy));
  const { items } = await client.list(Pods, { namespace, labelSelector, signal });
  const mark = deployment?.spec?.template.metadata?.annotations?.[TOKEN_ANNOTATION];
  return items.every(({ metadata }) =>
    deployment !== undefined && metadata.deletionTimestamp === undefined &&
    metadata.annotations?.[TOKEN_ANNOTATION] === mark
  );
}
