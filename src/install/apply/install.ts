/**
 * Installing: what is asked for is compared with what is there, tried, and then made, one object after the other, in an
 * order in which nothing waits for what comes later. Each step can be the last one: whoever runs it again goes on.
 */
import { keyOf, type KubeObject } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Choice } from "../render/catalog.ts";
import { type Applied, applyObject, type ApplyObjectOptions, type Taken } from "./apply_object.ts";
import { InstallError } from "./error.ts";
import { familyOf, gone, readInventory, union, writeInventory } from "./inventory.ts";
import { apiServerAddresses, needsAddresses, withAddresses } from "./network.ts";
import { labelled, type Reference, wordsOf } from "./objects.ts";
import { otherSide } from "./other_side.ts";
import { preflight } from "./preflight.ts";
import { prune } from "./prune.ts";
import type { Say } from "./say.ts";
import { stagesOf } from "./stages.ts";
import { turnOf } from "./turn.ts";
import { checkUserNamespace, needsUserNamespace } from "./user_namespace.ts";
import { apiAvailable, definitionServed, namespaceEnded, rolledOut, until } from "./wait.ts";

export interface InstallRequest {
  readonly choice: Choice;
  readonly namespace: string;
  /** Of the other one of coordinator and workers. */
  readonly otherNamespace?: string;
  readonly objects: readonly KubeObject[];
  /** Of the product, for the inventory. */
  readonly version: string;
  /** Tells what would be done, and changes nothing. */
  readonly dryRun: boolean;
  /** Until all of it works. */
  readonly wait: boolean;
  /** From Helm and GitOps tools. */
  readonly takesOwnership: boolean;
  /** A number of replicas was asked for: it counts more than what somebody has set. */
  readonly setsReplicas: boolean;
  /** Where the API server calls from. @default {what the cluster says} */
  readonly apiServerCidrs?: readonly string[];
  /** Who installs, for others who would at the same time; of this process alone. */
  readonly holder: string;
  /** Whether what an earlier installation has left may go. */
  readonly mayPrune: (objects: readonly Reference[]) => Promise<boolean>;
}

/** What there is afterwards. */
export interface Installed {
  readonly counts: Readonly<Record<Applied["outcome"], number>>;
  /** What an earlier installation has left, and nobody has removed. */
  readonly leftBehind: readonly Reference[];
  /** What is to be done at the other one of coordinator and workers, in words for people; absent where they fit. */
  readonly otherSide?: string;
}

/** @throws {InstallError} @param signal ends it between two steps */
export async function install(
  client: KubeClient,
  request: InstallRequest,
  say: Say,
  stop: AbortSignal,
): Promise<Installed> {
  const { namespace, holder } = request;
  const family = familyOf(request.choice.shape);
  await using turn = turnOf({ client, family, namespace, holder, say, signal: stop });
  const { signal } = turn;
  const objects = (await withPlaces(client, request, say, signal)).map(labelled);
  const { choice, takesOwnership, setsReplicas } = request;
  const options = { takesOwnership, leavesReplicas: !setsReplicas, signal };
  await until(`namespace/${namespace}`, () => namespaceEnded(client, namespace, signal), { say, signal });
  if (!request.dryRun) await turn.begin();
  const trials = await preflight(client, objects, { ...options, namespace });
  let before = await readInventory(client, family, namespace, signal);
  const counts = { created: 0, configured: 0, unchanged: 0 };
  if (request.dryRun) {
    const old = gone(before?.objects ?? [], objects);
    for (const { object, applied } of trials) {
      counts[applied?.outcome ?? "created"]++;
      tell(say, object, applied ?? "created, in a namespace that is not there yet", " (dry run)");
    }
    for (const object of old) {
      say.line(`${wordsOf(object)} would be left behind by ${before?.overlays.join(", ")}`);
    }
    return { counts, leftBehind: old, ...await atOtherSide(client, request, signal) };
  }

  const inventory = { version: request.version, overlays: [choice.shape, ...choice.components] };
  let isNoted = false;
  const note = async (list: readonly Reference[]) => {
    await writeInventory(client, family, namespace, { ...inventory, objects: list }, signal);
    isNoted = true;
  };
  const applied: KubeObject[] = [];
  for (const [stage, own] of stagesOf(objects, trials.flatMap(({ before }) => before ?? [])).entries()) {
    if (stage > 0 && request.wait) await workloads(client, applied, say, signal);
    for (const object of own) {
      signal.throwIfAborted();
      // As soon as there is a place for it, and before anything that it is of.
      if (!isNoted && comesLater(object)) {
        await served(client, objects, say, signal);
        // In a namespace that was not there before, somebody else may have been faster.
        if (await turn.begin()) before = await readInventory(client, family, namespace, signal);
        await note(union(objects, before?.objects ?? []));
      }
      const result = await applySafely(client, object, options).catch((error) => {
        throw new InstallError(
          `${wordsOf(object)} could not be applied: ${error instanceof Error ? error.message : error}\n` +
            `${applied.length} of ${objects.length} objects are as they should be; run it again to go on.`,
          { cause: error },
        );
      });
      applied.push(object);
      counts[result.outcome]++;
      tell(say, object, result);
    }
  }
  await served(client, objects, say, signal);
  if (!objects.some(comesLater)) return { counts, leftBehind: [] };
  if (request.wait) {
    await workloads(client, objects, say, signal);
    await registrations(client, objects, say, signal);
  }
  const old = gone(before?.objects ?? [], objects);
  const leftBehind = old.length > 0 && await request.mayPrune(old)
    ? await prune(client, old, say, signal)
    : old;
  await note(union(objects, leftBehind));
  return { counts, leftBehind, ...await atOtherSide(client, request, signal) };
}

async function atOtherSide(
  client: KubeClient,
  request: InstallRequest,
  signal: AbortSignal,
): Promise<Pick<Installed, "otherSide">> {
  const text = await otherSide(client, request, signal);
  return text === undefined ? {} : { otherSide: text };
}

/** What would be dangerous in another form than ours is tried first: in a namespace of this very minute nobody could before. */
async function applySafely(
  client: KubeClient,
  object: KubeObject,
  options: ApplyObjectOptions,
): Promise<Applied> {
  if (needsUserNamespace(object)) {
    checkUserNamespace(object, (await applyObject(client, object, { ...options, dryRun: true })).live);
  }
  return await applyObject(client, object, options);
}

/** What is neither cluster-wide by nature nor the place for all else. */
function comesLater({ kind }: KubeObject): boolean {
  return kind !== "CustomResourceDefinition" && kind !== "Namespace";
}

async function withPlaces(
  client: KubeClient,
  { objects, apiServerCidrs }: InstallRequest,
  say: Say,
  signal: AbortSignal,
): Promise<KubeObject[]> {
  if (!needsAddresses(objects)) return [...objects];
  const cidrs = apiServerCidrs ?? await apiServerAddresses(client, signal);
  if (cidrs.length === 0) {
    throw new InstallError(
      "the network policy has to name where the API server calls from, and the cluster does not say it (the Service " +
        "kubernetes of the namespace default has no endpoints): give it with --api-server-cidr=10.0.0.0/28",
    );
  }
  say.line(
    `network policy: the aggregated API is for ${cidrs.join(", ")}${
      apiServerCidrs === undefined
        ? ", the endpoints of the API server; where it calls from others, name them with --api-server-cidr"
        : ""
    }`,
  );
  return withAddresses(objects, cidrs);
}

/** Kinds that are applied and not served yet would be unknown to whoever goes on from here. */
async function served(
  client: KubeClient,
  objects: readonly KubeObject[],
  say: Say,
  signal: AbortSignal,
): Promise<void> {
  for (const object of objects) {
    if (object.kind !== "CustomResourceDefinition") continue;
    const { name = "" } = object.metadata;
    await until(wordsOf(object), () => definitionServed(client, name, signal), { say, signal });
  }
}

async function workloads(
  client: KubeClient,
  objects: readonly KubeObject[],
  say: Say,
  signal: AbortSignal,
): Promise<void> {
  for (const object of objects) {
    if (object.kind !== "Deployment") continue;
    await until(wordsOf(object), () => rolledOut(client, keyOf(object), signal), { say, signal });
  }
}

async function registrations(
  client: KubeClient,
  objects: readonly KubeObject[],
  say: Say,
  signal: AbortSignal,
): Promise<void> {
  for (const object of objects) {
    if (object.kind !== "APIService") continue;
    const { name = "" } = object.metadata;
    await until(wordsOf(object), () => apiAvailable(client, name, signal), { say, signal });
    say.line(`${wordsOf(object)} is available`);
  }
}

function tell(say: Say, object: KubeObject, applied: Applied | string, more = ""): void {
  if (typeof applied === "string") return say.line(`${wordsOf(object)} ${applied}${more}`);
  say.line(`${wordsOf(object)} ${applied.outcome}${more}`);
  if (applied.follows.length > 0) say.line(`  takes over from ${applied.follows.join(", ")}`);
  for (const [what, fields] of Object.entries(bySource(applied.taken))) {
    say.line(`  took ${fields} from ${what}`);
  }
  for (const [what, fields] of Object.entries(bySource(applied.left))) {
    say.line(`  left ${fields} as ${what} has set it; --replicas sets it`);
  }
}

function bySource(taken: readonly Taken[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const { from, field } of taken) {
    fields[from] = fields[from] === undefined ? field : `${fields[from]}, ${field}`;
  }
  return fields;
}
