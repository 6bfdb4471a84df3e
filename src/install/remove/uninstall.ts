/**
 * Removing an installation, in an order in which nothing hangs: the APIService first, for without its server no namespace
 * of the cluster could be deleted; then what runs; then what that needed. Whatever is missing already is passed over.
 */
import { keyOf, type KubeObject } from "../../api/object.ts";
import { Namespaces } from "../../api/kubernetes/resources.ts";
import { CustomResourceDefinitions } from "../../api/kubernetes/resources.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isConflict, isForbidden, isNotFound } from "../../kube/errors.ts";
import { keeperOf } from "../apply/adopt.ts";
import { InstallError } from "../apply/error.ts";
import { type Family, readInventory } from "../apply/inventory.ts";
import { typeOf, wordsOf } from "../apply/objects.ts";
import { isInstalled, isOurs, otherHome } from "../apply/ours.ts";
import type { Say } from "../apply/say.ts";
import { turnOf } from "../apply/turn.ts";
import { isGone, namespaceEnded, until } from "../apply/wait.ts";
import { inOrder } from "../render/order.ts";
import type { ManifestFiles } from "../render/variant.ts";
import { type Candidates, candidates } from "./candidates.ts";
import {
  abandon,
  type CustomResource,
  customResources,
  fateOf,
  isAlive,
  KINDS,
  ownFinalizers,
} from "./custom_resources.ts";

export interface UninstallRequest {
  readonly files: ManifestFiles;
  readonly family: Family;
  readonly namespace: string;
  /** Control planes, provisioners, proxies, and their kinds. */
  readonly deleteCrds: boolean;
  /** Volumes of records. */
  readonly deleteData: boolean;
  readonly deleteNamespace: boolean;
  /** Does not wait for what should be cleaned up in Coder. */
  readonly abandon: boolean;
  /** Whether that may be done; the text says what is lost. */
  readonly confirm: (text: string) => Promise<boolean>;
  /** Who does, for others who would at the same time; of this process alone. */
  readonly holder: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What is still there and should not be, in words. Empty: all went well. */
export type Remaining = readonly string[];

const RUNNING = ["Deployment", "StatefulSet"];

/** @throws {InstallError} where it was not done, or could not be; what was removed until then is removed */
export async function uninstall(
  client: KubeClient,
  request: UninstallRequest,
  say: Say,
  stop: AbortSignal,
): Promise<Remaining> {
  const { family, namespace, holder } = request;
  let removal: Removal;
  {
    await using turn = turnOf({ client, family, namespace, holder, say, signal: stop });
    await turn.begin();
    removal = await removeAll(client, request, say, turn.signal);
  }
  // What says whose turn it is lies in there, too.
  await endNamespace(client, request, removal, say, stop);
  return removal.remaining;
}

async function removeAll(
  client: KubeClient,
  request: UninstallRequest,
  say: Say,
  signal: AbortSignal,
): Promise<Removal> {
  const { family, namespace, files } = request;
  const inventory = await readInventory(client, family, namespace, signal);
  const found = await existing(client, candidates(files, family, namespace, inventory), signal);
  checkPlace(found, namespace);
  checkKeepers(found);
  const resources = family === "product" ? await customResources(client, signal) : [];
  if (request.deleteNamespace && found.length === 0) await checkNamespace(client, namespace, signal);
  await agreed(request, found, resources);

  const removal = new Removal(client, say, signal);
  const [registered, rest] = split(found, ({ kind }) => kind === "APIService");
  await removal.all(registered, "Background");
  if (request.deleteCrds) await endResources(client, request, resources, say, signal);
  const [running, others] = split(rest, ({ kind }) => RUNNING.includes(kind));
  await removal.all(running, "Foreground");
  const [data, more] = split(others, ({ kind }) => kind === "PersistentVolumeClaim");
  await removal.all(more, "Background");
  if (request.deleteData) await removal.all(data, "Background");
  else for (const object of data) say.line(`${wordsOf(object)} is kept: --delete-data removes it`);
  if (request.deleteCrds) await removal.all(await definitions(client, signal), "Background");
  else if (resources.length > 0) tellKept(resources, say);
  if (found.length === 0) say.line(`nothing of it is in ${namespace}`);
  return removal;
}

async function existing(
  client: KubeClient,
  { named, listed }: Candidates,
  signal: AbortSignal,
): Promise<KubeObject[]> {
  const found: KubeObject[] = [];
  const isListed = new Set(listed);
  for (const reference of inOrder([...named, ...listed] as KubeObject[]).reverse()) {
    const live = await client.get(typeOf(reference), keyOf(reference as KubeObject), { signal }).catch(
      (error) => {
        // Kinds that the cluster does not know have no objects.
        if (isNotFound(error)) return undefined;
        if (isForbidden(error)) {
          throw new InstallError(`you may not read ${wordsOf(reference)}`, { cause: error });
        }
        throw error;
      },
    );
    if (live === undefined || !(isListed.has(reference) ? isInstalled(live) : isOurs(live))) continue;
    found.push({ ...live, apiVersion: reference.apiVersion, kind: reference.kind });
  }
  return found;
}

/** Rights and the APIService have the same names in every installation: they may be those of another one, which works. */
function checkPlace(found: readonly KubeObject[], namespace: string): void {
  for (const object of found) {
    const home = otherHome(object, namespace);
    if (home === undefined) continue;
    throw new InstallError(
      `${
        wordsOf(object)
      } is of the installation in ${home}, not of one in ${namespace}, so nothing was removed. ` +
        `To remove that one: coder-k8s uninstall --namespace=${home}`,
    );
  }
}

/** A slip of the pen must not cost somebody their namespace. */
async function checkNamespace(client: KubeClient, name: string, signal: AbortSignal): Promise<void> {
  const live = await namespaceOf(client, name, signal);
  if (live === undefined || isInstalled(live)) return;
  throw new InstallError(
    `nothing of an installation is in ${name}, and none has made that namespace: nothing was removed. ` +
      `If it is meant: kubectl delete namespace ${name}`,
  );
}

async function namespaceOf(
  client: KubeClient,
  name: string,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  try {
    return await client.get(Namespaces, { namespace: "", name }, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function checkKeepers(found: readonly KubeObject[]): void {
  for (const object of found) {
    const keeper = keeperOf(object);
    if (keeper === undefined) continue;
    throw new InstallError(
      `${
        wordsOf(object)
      } is kept by ${keeper}: remove it there, or it would be made again (helm uninstall, or the ` +
        "application's own end)",
    );
  }
}

/** Nothing that holds people's work goes unasked. */
async function agreed(
  { deleteCrds, deleteData, deleteNamespace, namespace, confirm, family }: UninstallRequest,
  found: readonly KubeObject[],
  resources: readonly CustomResource[],
): Promise<void> {
  const inside = resources.filter(({ object }) => object.metadata.namespace === namespace);
  if (deleteNamespace && !deleteCrds && inside.length > 0) {
    throw new InstallError(
      `the namespace ${namespace} cannot be deleted, as nobody would clean up after what is in it:\n${
        inside.map((one) => `  ${fateOf(one)}`).join("\n")
      }\nDelete these first, or everything with --delete-crds.`,
    );
  }
  const lost = [
    ...(deleteCrds ? resources.map(fateOf) : []),
    ...(deleteData
      ? found.filter(({ kind }) => kind === "PersistentVolumeClaim").map((object) =>
        `${wordsOf(object)}, with its data`
      )
      : []),
    ...(deleteNamespace ? [`namespace ${namespace}, with everything in it, whoever has made it`] : []),
  ];
  const what = family === "product" ? "the installation" : `the ${family}`;
  const text = `${what} in ${namespace} is removed: ${found.length} objects.` +
    (lost.length === 0 ? "" : `\nWith it go, for good:\n${lost.map((one) => `  ${one}`).join("\n")}`);
  if ((found.length > 0 || lost.length > 0) && !await confirm(text)) {
    throw new InstallError("nothing was removed");
  }
}

/** Control planes and the like end while there is somebody who cleans up after them. */
async function endResources(
  client: KubeClient,
  request: UninstallRequest,
  resources: readonly CustomResource[],
  say: Say,
  signal: AbortSignal,
): Promise<void> {
  for (const { type, called } of KINDS) {
    const own = resources.filter((one) => one.called === called);
    for (const { object } of own) {
      await client.delete(type, keyOf(object), { signal, propagationPolicy: "Background" }).catch((error) => {
        if (!isNotFound(error)) throw error;
      });
    }
    await Promise.all(own.map((one) => ended(client, request, one, say, signal)));
  }
}

async function ended(
  client: KubeClient,
  { abandon: givesUp, namespace, now }: UninstallRequest,
  resource: CustomResource,
  say: Say,
  signal: AbortSignal,
): Promise<void> {
  const { type, object, called } = resource;
  const key = keyOf(object);
  const words = `${called} ${key.namespace}/${key.name}`;
  await until(words, async () => {
    const live = await isGone(() => client.get(type, key, { signal }), object.metadata.uid);
    if (live === undefined) return undefined;
    const finalizers = ownFinalizers(live);
    if (finalizers.length > 0 && (givesUp || !await isAlive(client, namespace, now(), signal))) {
      await abandon(client, { ...resource, object: live }, signal).catch((error) => {
        if (!isConflict(error)) throw error;
      });
      say.line(
        `${words}: ${finalizers.join(", ")} taken off, as ${
          givesUp ? "asked for" : "nobody reconciles any more"
        }; what it has in Coder, or in other namespaces, stays`,
      );
    }
    return `it is being deleted (${
      (live.metadata.finalizers ?? []).join(", ") || "no finalizers"
    }); --abandon does not wait`;
  }, { say, signal });
  say.line(`${words} deleted`);
}

async function definitions(client: KubeClient, signal: AbortSignal): Promise<KubeObject[]> {
  const found: KubeObject[] = [];
  for (const { type } of KINDS) {
    const name = `${type.plural}.${type.group}`;
    const live = await client.get(CustomResourceDefinitions, { namespace: "", name }, { signal }).catch(
      (error) => {
        if (isNotFound(error)) return undefined;
        throw error;
      },
    );
    if (live !== undefined) {
      found.push({ ...live, apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" });
    }
  }
  return found;
}

function tellKept(resources: readonly CustomResource[], say: Say): void {
  say.line(
    `${resources.length} objects of ours are kept, and nobody looks after them until it is installed again:`,
  );
  for (const { called, object } of resources.slice(0, 20)) {
    say.line(`  ${called} ${object.metadata.namespace}/${object.metadata.name}`);
  }
  const held = [
    ...new Set(
      resources.filter(({ object }) => ownFinalizers(object).length > 0).map(({ object }) =>
        object.metadata.namespace
      ),
    ),
  ];
  if (held.length > 0) {
    say.line(
      `Until then these namespaces cannot be deleted, as their end would be cleaned up by it: ${
        held.join(", ")
      }. ` +
        "To remove them all: coder-k8s uninstall --delete-crds",
    );
  }
}

async function endNamespace(
  client: KubeClient,
  { deleteNamespace, namespace }: UninstallRequest,
  removal: Removal,
  say: Say,
  signal: AbortSignal,
): Promise<void> {
  const live = await namespaceOf(client, namespace, signal);
  if (live === undefined) return;
  if (!deleteNamespace) {
    say.line(
      `namespace/${namespace} is kept; when nothing of yours is in it: kubectl delete namespace ${namespace}`,
    );
    return;
  }
  await removal.all([{ ...live, apiVersion: "v1", kind: "Namespace" }], "Background");
  await until(`namespace/${namespace}`, () => namespaceEnded(client, namespace, signal), { say, signal });
}

function split<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

class Removal {
  readonly remaining: string[] = [];

  constructor(
    private readonly client: KubeClient,
    private readonly say: Say,
    private readonly signal: AbortSignal,
  ) {}

  /** Deletes them, and waits until they are gone. What cannot be deleted is noted, and holds up nothing else. */
  async all(objects: readonly KubeObject[], propagationPolicy: "Background" | "Foreground"): Promise<void> {
    for (const object of objects) {
      const { uid } = object.metadata;
      const preconditions = uid === undefined ? {} : { preconditions: { uid } };
      try {
        const key = keyOf(object);
        await this.client.delete(typeOf(object), key, {
          signal: this.signal,
          propagationPolicy,
          ...preconditions,
        });
      } catch (error) {
        if (isNotFound(error)) continue;
        if (!isForbidden(error) && !isConflict(error)) throw error;
        this.remaining.push(`${wordsOf(object)}: ${error instanceof Error ? error.message : error}`);
        continue;
      }
      await this.#gone(object);
    }
  }

  async #gone(object: KubeObject): Promise<void> {
    const { say, signal } = this;
    await until(wordsOf(object), async () => {
      const live = await isGone(
        () => this.client.get(typeOf(object), keyOf(object), { signal }),
        object.metadata.uid,
      );
      if (live === undefined) return undefined;
      const { finalizers = [] } = live.metadata;
      return `it is being deleted${finalizers.length === 0 ? "" : ` (${finalizers.join(", ")})`}`;
    }, { say, signal, intervalMs: 100 });
    say.line(`${wordsOf(object)} deleted`);
  }
}
