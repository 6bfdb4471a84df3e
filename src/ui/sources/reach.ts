/** Where somebody sees objects of a kind: everywhere, or in the namespaces that they may know of. */
import type { CallerCluster, CoderRef } from "../../caller/types.ts";
import type { ResourceType } from "../../api/object.ts";
import { limitedCluster } from "../../mcp/caller/limited_cluster.ts";
import type { Visitor } from "./source.ts";

/** Namespaces that are looked at one by one. */
const MOST_NAMESPACES = 50;
const REVIEW_MS = 10_000;

/**
 * The cluster as they can list a kind in it without naming a namespace. Where they may not list it everywhere, it is that of
 * the namespaces of Coders that they may know of. Rejects where nobody can say.
 */
export async function reachOf(
  { cluster, coders, namespaces = [] }: Visitor,
  { group, version, plural }: ResourceType,
  signal: AbortSignal,
): Promise<CallerCluster> {
  const request = { verb: "list", group, version, resource: plural };
  if ((await cluster.may(request, { signal, timeoutMs: REVIEW_MS })).allowed) return cluster;
  const refs = await codersOf({ coders, namespaces }, signal).catch(() => []);
  const known = [...new Set([...namespaces, ...refs.map(({ namespace }) => namespace)])].sort();
  // Without any, the API server says best what is missing.
  return known.length === 0 ? cluster : limitedCluster(cluster, known.slice(0, MOST_NAMESPACES));
}

/** Coders that they may know of: those of their namespaces, where they may not look for them everywhere. */
export async function codersOf(
  { coders, namespaces = [] }: Pick<Visitor, "coders" | "namespaces">,
  signal: AbortSignal,
): Promise<readonly CoderRef[]> {
  try {
    return await coders.list(undefined, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (namespaces.length === 0) throw error;
    return (await Promise.all(namespaces.map((namespace) => coders.list(namespace, signal)))).flat();
  }
}
