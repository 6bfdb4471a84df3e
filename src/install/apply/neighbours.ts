/** What an installation would change for others who run in its namespace already. */
import { Pods } from "../../api/kubernetes/resources.ts";
import type { KubeObject } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isForbidden } from "../../kube/errors.ts";
import { InstallError } from "./error.ts";

const ENFORCE = "pod-security.kubernetes.io/enforce";
const PRIVILEGED = "privileged";
/** So many are looked at, and so many are named. */
const MOST_READ = 100;
const MOST_NAMED = 3;

/**
 * Workers need a namespace where pods may do anything, and a network policy for all of its pods: in one that is there and
 * does not say so yet, nobody else may run.
 *
 * @param live what is there now, in the order of `objects`
 * @throws {InstallError} where somebody does
 */
export async function checkNeighbours(
  client: Pick<KubeClient, "list">,
  objects: readonly KubeObject[],
  live: readonly (KubeObject | undefined)[],
  signal: AbortSignal,
): Promise<void> {
  const apps = new Set(objects.map(appOf));
  for (const [index, { kind, metadata: { name = "", labels } }] of objects.entries()) {
    const before = live[index];
    if (kind !== "Namespace" || labels?.[ENFORCE] !== PRIVILEGED || before === undefined) continue;
    if (before.metadata.labels?.[ENFORCE] === PRIVILEGED) continue;
    const { items } = await client.list(Pods, { namespace: name, limit: MOST_READ, signal }).catch(
      (error) => {
        if (isForbidden(error)) throw new InstallError(`you may not list pods in ${name}`, { cause: error });
        throw error;
      },
    );
    const others = items.filter(({ metadata }) => !apps.has(metadata.labels?.["app"]));
    if (others.length === 0) continue;
    const names = others.slice(0, MOST_NAMED).map(({ metadata }) => metadata.name).join(", ");
    throw new InstallError(
      `others run in the namespace ${name} (${names}${
        others.length > MOST_NAMED ? ", …" : ""
      }), and what is ` +
        `installed would let pods there do anything (${ENFORCE}=${PRIVILEGED}) and cut off who may come to them: ` +
        `give it a namespace of its own with --namespace, or, if that is meant, say so first: ` +
        `kubectl label namespace ${name} ${ENFORCE}=${PRIVILEGED}`,
    );
  }
}

/** The label of the pods that it makes. */
function appOf(object: KubeObject): string | undefined {
  const { spec } = object as { spec?: { template?: { metadata?: { labels?: Record<string, string> } } } };
  return spec?.template?.metadata?.labels?.["app"] ?? "";
}
