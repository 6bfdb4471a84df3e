/** From what somebody typed to one workspace. */
import { keyOf, keyText, type ObjectKey } from "../api/object.ts";
import { type CoderWorkspace, CoderWorkspaces } from "../api/workspace.ts";
import { isForbidden, KubeApiError } from "../kube/errors.ts";
import { ownIn } from "./own.ts";
import {
  type Candidate,
  candidateOf,
  meant,
  NAME_FORMS,
  readReference,
  type Reference,
} from "./reference.ts";
import { callOptions, PluginError, type PluginWorld, type Scope } from "./world.ts";

/** Page size of lists, as kubectl's. */
export const PAGE = 500;
/** So many are named where several are meant. */
const MOST_NAMED = 8;

/**
 * Finds it: where no namespace is given in that of the context first, then in all that may be read.
 *
 * @throws {PluginError} where none or several are meant, with what there is
 */
export async function locate(
  world: PluginWorld,
  typed: string,
  { namespace, signal }: { readonly namespace?: string | undefined; readonly signal: AbortSignal },
): Promise<ObjectKey> {
  const reference = readReference(typed);
  if (reference === undefined) {
    throw new PluginError(`${JSON.stringify(typed)} cannot be the name of a workspace: write ${NAME_FORMS}`);
  }
  const here = namespace ?? world.namespace;
  const others: Candidate[] = [];
  for (
    const scope of namespace === undefined ? [{ namespace: here }, "all"] as const : [{ namespace: here }]
  ) {
    if (reference.by === "name" && scope !== "all") {
      if (await isThere(world, { namespace: here, name: reference.name }, signal)) {
        return { namespace: here, name: reference.name };
      }
      continue;
    }
    let found: { chosen: readonly Candidate[]; others: readonly Candidate[] };
    try {
      found = await look(world, reference, scope, signal);
    } catch (error) {
      // Who may not look everywhere has looked where they may.
      if (scope === "all" && isForbidden(error)) break;
      throw error;
    }
    const [first, ...more] = found.chosen;
    if (first !== undefined && more.length === 0) return { namespace: first.namespace, name: first.name };
    if (first !== undefined) throw new PluginError(severalText(typed, found.chosen));
    others.push(...found.others);
  }
  throw new PluginError(noneText(typed, here, namespace === undefined, distinct(others)));
}

/** All names in a scope. Objects are not read, their names are enough. */
export async function candidates(
  world: PluginWorld,
  scope: Scope,
  signal: AbortSignal,
  fieldSelector?: string,
): Promise<Candidate[]> {
  const found: Candidate[] = [];
  let next: string | undefined;
  do {
    const page = await world.client.list<CoderWorkspace>(CoderWorkspaces, {
      ...callOptions(world, signal),
      ...(scope === "all" ? {} : scope),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      limit: PAGE,
      metadataOnly: true,
      ...(next === undefined ? {} : { continue: next }),
    });
    for (const item of page.items) {
      const candidate = candidateOf(keyOf(item));
      if (candidate !== undefined) found.push(candidate);
    }
    next = page.continue;
  } while (next !== undefined);
  return found;
}

async function look(world: PluginWorld, reference: Reference, scope: Scope, signal: AbortSignal) {
  const all = await candidates(world, scope, signal);
  if (reference.by !== "workspace" || meant(reference, all).chosen.length === 0) return meant(reference, all);
  const own = await ownIn(world, scope, signal);
  if (own.is !== "owner") return meant(reference, all);
  const isOwn = ({ owner }: Candidate) => owner.toLowerCase() === own.owner.toLowerCase();
  // Who has none in Coder, an administrator of the cluster say, means whatever is called so.
  return all.some(isOwn) ? meant(reference, all, isOwn) : meant(reference, all);
}

async function isThere(world: PluginWorld, key: ObjectKey, signal: AbortSignal): Promise<boolean> {
  try {
    await world.client.get(CoderWorkspaces, key, callOptions(world, signal));
    return true;
  } catch (error) {
    if (error instanceof KubeApiError && error.code === 404 && error.reason === "NotFound") return false;
    throw error;
  }
}

function severalText(typed: string, chosen: readonly Candidate[]): string {
  return `${JSON.stringify(typed)} means several workspaces: ${named(chosen)}. Write the whole name, with -n`;
}

function noneText(
  typed: string,
  namespace: string,
  isEverywhere: boolean,
  others: readonly Candidate[],
): string {
  if (others.length > 0) {
    return `no workspace of yours is called ${JSON.stringify(typed)}, others have one: ${named(others)}`;
  }
  const where = isEverywhere
    ? `, neither in namespace ${namespace} nor elsewhere`
    : ` in namespace ${namespace}`;
  return `there is no workspace ${JSON.stringify(typed)} that you may see${where}`;
}

function named(some: readonly Candidate[]): string {
  const names = some.slice(0, MOST_NAMED).map(keyText).join(", ");
  return some.length > MOST_NAMED ? `${names} and ${some.length - MOST_NAMED} more` : names;
}

function distinct(some: readonly Candidate[]): Candidate[] {
  return [...new Map(some.map((one) => [keyText(one), one])).values()];
}
