/** Everything that would stop an installation half-way, looked for before anything is changed. */
import type { KubeObject } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isForbidden, isNotFound, KubeApiError } from "../../kube/errors.ts";
import { createReviewer } from "../../kube/reviews.ts";
import { accessesFor } from "../check/needed_rights.ts";
import { keeperOf, planAdoption } from "./adopt.ts";
import { type Applied, applyObject } from "./apply_object.ts";
import { InstallError } from "./error.ts";
import { checkNeighbours } from "./neighbours.ts";
import { typeOf, wordsOf } from "./objects.ts";
import { isOurs, otherHome } from "./ours.ts";
import { checkUserNamespace } from "./user_namespace.ts";

export interface PreflightOptions {
  readonly namespace: string;
  readonly takesOwnership: boolean;
  readonly leavesReplicas: boolean;
  readonly signal: AbortSignal;
}

/** What each object would become; undefined where only the cluster of afterwards can tell. */
export interface Trial {
  readonly object: KubeObject;
  readonly applied: Applied | undefined;
  /** What is there now. */
  readonly before: KubeObject | undefined;
}

/** How many objects are tried at the same time. */
const AT_ONCE = 6;

/** @throws {InstallError} where the installation would not get through: nothing was changed */
export async function preflight(
  client: KubeClient,
  objects: readonly KubeObject[],
  options: PreflightOptions,
): Promise<Trial[]> {
  const live = await inTurns(objects, (object) => find(client, object, options.signal));
  checkPlace(live, options.namespace);
  checkKeepers(live, options.takesOwnership);
  await checkNeighbours(client, objects, live, options.signal);
  await checkRights(client, objects, options.signal);
  const missing = new Set(live.flatMap((found, index) => {
    const object = objects[index]!;
    return found === undefined && object.kind === "Namespace" ? [object.metadata.name] : [];
  }));
  const trials = await inTurns(
    objects,
    (object, index) => tried(client, object, live[index], missing, options),
  );
  const refused = trials.flatMap(({ refusal }) => refusal ?? []);
  if (refused.length > 0) {
    throw new InstallError(`the API server would refuse:\n${refused.map((text) => `  ${text}`).join("\n")}`);
  }
  return trials.map(({ object, applied }, index) => ({ object, applied, before: live[index] }));
}

/** Names of cluster-wide objects are the same in every installation: there can be one. Some have such names by chance. */
function checkPlace(live: readonly (KubeObject | undefined)[], namespace: string): void {
  for (const object of live) {
    if (object === undefined) continue;
    const other = otherHome(object, namespace);
    if (other !== undefined) {
      throw new InstallError(
        `the ${object.kind} ${object.metadata.name} leads to the namespace ${other}: an installation is there ` +
          `already. Change that one with --namespace=${other}, or remove it first: coder-k8s uninstall --namespace=${other}`,
      );
    }
    if (!isOurs(object) && !live.some((other) => other !== undefined && grants(other, object))) {
      throw new InstallError(
        `${
          wordsOf(object)
        } is of another program, and would be changed to ours, as both have the same name: ` +
          "nothing was changed. Remove or rename that one where nobody needs it any more",
      );
    }
  }
}

/** Whether it is a binding of ours, by which we have had the role already. */
function grants(binding: KubeObject, role: KubeObject): boolean {
  const { roleRef } = binding as { roleRef?: { kind?: string; name?: string } };
  return binding.kind === "ClusterRoleBinding" && roleRef?.kind === role.kind &&
    roleRef.name === role.metadata.name;
}

async function find(
  client: KubeClient,
  object: KubeObject,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const { namespace = "", name = "" } = object.metadata;
  try {
    return await client.get(typeOf(object), { namespace, name }, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    if (isForbidden(error)) throw new InstallError(`you may not read ${wordsOf(object)}`, { cause: error });
    throw error;
  }
}

function checkKeepers(live: readonly (KubeObject | undefined)[], takesOwnership: boolean): void {
  if (takesOwnership) return;
  for (const object of live) {
    // Namespaces are often made by others, and nobody takes the label back that we add.
    const keeper = object === undefined || object.kind === "Namespace" ? undefined : keeperOf(object);
    if (keeper === undefined) continue;
    throw new InstallError(
      `${wordsOf(object!)} is kept by ${keeper}, which would set it back: change it there, ` +
        "or take all of it over with --take-ownership when that one has let go of it",
    );
  }
}

async function checkRights(
  client: KubeClient,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<void> {
  const reviewer = createReviewer({ client, ttlMs: 0 });
  // Whether roles can be granted is tried below: who holds what they grant needs no more.
  const accesses = accessesFor(objects).filter(({ verb }) => verb === "create" || verb === "patch");
  const answers = await inTurns(accesses, (access) => reviewer.authorizeSelf(access, { signal }));
  const denied = accesses.filter((_, index) => !answers[index]!.allowed);
  if (denied.length === 0) return;
  const lines = denied.map(({ verb, resource, group, namespace }) =>
    `  ${verb} ${resource}${group === undefined || group === "" ? "" : `.${group}`}${
      namespace === undefined ? "" : ` in ${namespace}`
    }`
  );
  throw new InstallError(
    `you lack rights that an installation needs, so nothing was changed:\n${lines.join("\n")}\n` +
      "Somebody with the ClusterRole cluster-admin has them.",
  );
}

interface Tried extends Omit<Trial, "before"> {
  readonly refusal?: string;
}

async function tried(
  client: KubeClient,
  object: KubeObject,
  live: KubeObject | undefined,
  missing: ReadonlySet<string | undefined>,
  { takesOwnership, leavesReplicas, signal }: PreflightOptions,
): Promise<Tried> {
  if (missing.has(object.metadata.namespace)) return { object, applied: undefined };
  try {
    const applied = await applyObject(client, object, {
      dryRun: true,
      takesOwnership,
      leavesReplicas,
      signal,
    });
    checkUserNamespace(object, applied.live);
    return { object, applied };
  } catch (error) {
    if (!(error instanceof KubeApiError)) throw error;
    const text = `${wordsOf(object)}: ${error.message}`;
    if (error.code === 404) return { object, applied: undefined, refusal: absent(object, error) };
    // What is left of an earlier applier goes with the takeover, which cannot be tried.
    const isTakenOver = live !== undefined && planAdoption(live, takesOwnership) !== undefined;
    if (error.code === 422 && isTakenOver) return { object, applied: undefined };
    return { object, applied: undefined, refusal: text };
  }
}

/** Either its namespace or its kind. */
function absent(object: KubeObject, { details }: KubeApiError): string {
  const { kind } = (details ?? {}) as { kind?: unknown };
  const { apiVersion, metadata: { namespace } } = object;
  const why = kind === "namespaces"
    ? `there is no namespace ${namespace}; make it first: kubectl create namespace ${namespace}`
    : `the cluster knows no ${object.kind} of ${apiVersion}; install what brings it first`;
  return `${wordsOf(object)}: ${why}`;
}

/** In the order of `items`, some at a time. */
export async function inTurns<T, R>(
  items: readonly T[],
  run: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await run(items[index]!, index);
    }
  }));
  return results;
}
