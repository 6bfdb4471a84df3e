/** Looks for pods, and for what tells why they do not run. All collectors share it. */
import { Pods, ReplicaSets } from "../../api/kubernetes/resources.ts";
import type { Pod } from "../../api/kubernetes/types.ts";
import { isForbidden } from "../../kube/errors.ts";
import { record, text, texts } from "../foreign.ts";
import type { Looker } from "../look.ts";
import { agentsAreAway } from "../pods/agents.ts";
import { workspaceSelectors } from "../pods/workspace_labels.ts";
import { type Missed, valueOf } from "../seen.ts";
import { unreadOf } from "../unread.ts";
import { collectNetworkPolicies, collectPodDetails } from "./pod_details.ts";
import { eventsAbout, type EventSubject, warningsIn } from "./pod_events.ts";

/** Namespaces that are asked one by one. */
const MOST_NAMESPACES = 2;

export interface PodsOptions {
  /** Objects whose events are wanted too, in the namespace of the pods. */
  readonly also?: readonly EventSubject[] | undefined;
}

/**
 * Fills in `pods`, `events`, and what matters for pods that do not run: `podLogs`, `claims` and `missingClaims`, `nodes`,
 * `quotas`. Two requests for pods that are well, at most eight else. Never rejects.
 *
 * @param workspaceId UUID in Coder; without one nothing is looked for
 * @param namespaces where the workspace's pods may be, the likeliest first
 */
export async function collectWorkspacePods(
  looker: Looker,
  workspaceId: string,
  namespaces: readonly string[],
  { also = [] }: PodsOptions = {},
): Promise<void> {
  const selectors = workspaceSelectors(workspaceId);
  const [home] = namespaces;
  if (selectors.length === 0 || home === undefined) return;
  const warnings = warningsIn(looker, home);
  const missed: Missed[] = [];
  const seen = await looker.look(
    "pods",
    "list pods of the workspace",
    () => findPods(looker, selectors, namespaces, missed),
  );
  if (seen.state === "seen" && missed.length > 0) {
    looker.set("pods", { ...seen, missed: missed.map(({ what, why }) => ({ what, why })) });
  }
  const pods = valueOf(seen);
  const where = text(record(record(pods?.[0])["metadata"])["namespace"]) || home;
  // A Deployment may not get as far as a pod.
  const owners = pods?.length === 0 ? ownersIn(looker, home, selectors[0]!) : Promise.resolve([]);
  await looker.look("events", `list events in ${where}`, async () => {
    const all = await (where === home ? warnings : warningsIn(looker, where));
    return await eventsAbout(looker, where, all, pods ?? [], [...also, ...await owners]);
  });
  await collectPodDetails(looker, pods ?? [], where);
  if (agentsAreAway(looker.facts())) await collectNetworkPolicies(looker);
}

export interface DeploymentPodsQuestion extends PodsOptions {
  readonly namespace: string;
  /** Name of the Deployment. */
  readonly deployment: string;
  /** Of its pods, such as `app=coder,tier=web`. */
  readonly labelSelector: string;
}

/** As `collectWorkspacePods`, for the pods of a Deployment; its own events are among them. */
export async function collectDeploymentPods(
  looker: Looker,
  { namespace, deployment, labelSelector, also = [] }: DeploymentPodsQuestion,
): Promise<void> {
  const warnings = warningsIn(looker, namespace);
  const looking = looker.look(
    "pods",
    `list pods of Deployment ${namespace}/${deployment}`,
    () => looker.list(Pods, { namespace, labelSelector }),
  );
  const pods = valueOf(await looking) ?? [];
  const own: EventSubject[] = [{ kind: "Deployment", name: deployment }, { replicaSetsOf: deployment }];
  await looker.look(
    "events",
    `list events in ${namespace}`,
    async () => await eventsAbout(looker, namespace, await warnings, pods, [...own, ...also]),
  );
  await collectPodDetails(looker, pods, namespace);
}

async function findPods(
  looker: Looker,
  selectors: readonly string[],
  namespaces: readonly string[],
  missed: Missed[],
): Promise<readonly Pod[]> {
  const [surest, other] = selectors as [string, string];
  if (namespaces.length === 1) {
    const [namespace] = namespaces as [string];
    const found = await looker.list(Pods, { namespace, labelSelector: surest });
    if (found.length > 0) return found;
    const [elsewhere, named] = await Promise.all([
      anywhere(looker, surest),
      looker.list(Pods, { namespace, labelSelector: other }),
    ]);
    return elsewhere !== undefined && elsewhere.length > 0 ? elsewhere : named;
  }
  const all = await anywhere(looker, surest);
  if (all !== undefined) return all.length > 0 ? all : await anywhere(looker, other) ?? [];
  const found: Pod[] = [];
  const refusals: unknown[] = [];
  await Promise.all(
    namespaces.slice(0, MOST_NAMESPACES).map(async (namespace) => {
      try {
        found.push(...await looker.list(Pods, { namespace, labelSelector: surest }));
      } catch (error) {
        refusals.push(error);
        const seen = unreadOf(`list pods in ${namespace}`, error);
        if (seen.state === "unread") missed.push(seen);
      }
    }),
  );
  if (refusals.length === Math.min(namespaces.length, MOST_NAMESPACES)) throw refusals[0];
  const rest = namespaces.slice(MOST_NAMESPACES);
  if (found.length === 0 && rest.length > 0) {
    missed.push({ what: `list pods in ${rest.join(", ")}`, why: "these are too many namespaces" });
  }
  return found;
}

/** In all namespaces. Undefined: the caller may not look into all. */
async function anywhere(looker: Looker, labelSelector: string): Promise<readonly Pod[] | undefined> {
  try {
    return await looker.list(Pods, { labelSelector });
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/** What should make the workspace's pods; nothing where that cannot be seen. */
async function ownersIn(looker: Looker, namespace: string, labelSelector: string): Promise<EventSubject[]> {
  try {
    const sets = await looker.list(ReplicaSets, { namespace, labelSelector });
    return texts(sets.map((set) => record(record(set)["metadata"])["name"])).map((name) => ({
      kind: "ReplicaSet",
      name,
    }));
  } catch {
    return [];
  }
}
