/** Workspaces and templates that the caller may see, wherever they are. */
import type { KubeObject, ResourceType } from "../../api/object.ts";
import { isForbidden } from "../../kube/errors.ts";
import { toolError } from "../errors.ts";
import type { SurfaceCall } from "../surface.ts";
import { within } from "../../caller/within.ts";

/** Namespaces that are asked one by one, for callers who may not list all. */
const MOST_NAMESPACES = 50;

/**
 * All of a kind, of a namespace or of all that the caller may list. What may not be seen is not there.
 *
 * @throws {ToolError} where nobody can say
 */
export async function visible<T extends KubeObject>(
  call: SurfaceCall,
  type: ResourceType<T>,
  namespace: string | undefined,
  ms: number,
): Promise<readonly T[]> {
  try {
    return await within(call.signal, ms, async (signal) => {
      const list = async (namespace: string | undefined): Promise<readonly T[] | undefined> => {
        try {
          const scope = namespace === undefined ? {} : { namespace };
          return (await call.cluster.list(type, { ...scope, signal, timeoutMs: ms })).items;
        } catch (error) {
          if (isForbidden(error)) return undefined;
          throw error;
        }
      };
      const all = await list(namespace);
      if (all !== undefined || namespace !== undefined) return all ?? [];
      const namespaces = await namespacesOf(call, signal);
      const lists = await Promise.all(namespaces.slice(0, MOST_NAMESPACES).map(list));
      return lists.flatMap((items) => items ?? []);
    });
  } catch (error) {
    call.signal.throwIfAborted();
    throw toolError(error, `list ${type.kind} resources`);
  }
}

/** Those of the Coders that the caller may know of, sorted. */
export async function namespacesOf(
  { coders }: Pick<SurfaceCall, "coders">,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const refs = await coders.list(undefined, signal);
  return [...new Set(refs.map(({ namespace }) => namespace))].sort();
}
