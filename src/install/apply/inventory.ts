/**
 * What an installation has made, kept in a ConfigMap beside it: it is written before anything else is, so that an
 * installation that breaks off at any point leaves nothing behind that the next one, or `uninstall`, does not know of.
 */
import { z } from "zod";
import { ConfigMaps } from "../../api/kubernetes/resources.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isNotFound } from "../../kube/errors.ts";
import { INSTALL_MANAGER, labelled, type Reference, sameness } from "./objects.ts";

/** What it is of: shapes that are installed beside each other have one each. */
export type Family = "product" | "coordinator" | "workers";

export interface Inventory {
  readonly version: string;
  /** Shape and components, as they are named. */
  readonly overlays: readonly string[];
  readonly objects: readonly Reference[];
}

const NAMES: Readonly<Record<Family, string>> = {
  product: "coder-k8s-inventory",
  coordinator: "coder-k8s-inventory-coordinator",
  workers: "coder-k8s-inventory-workers",
};
const KEY = "inventory.json";

/** They go into paths of the API server, and before people's eyes. */
const name = z.string().regex(/^[^\s/%\p{C}]{1,253}$/u);
const reference = z.object({
  apiVersion: z.string().regex(/^(?:[a-z0-9.-]+\/)?[a-z0-9]+$/),
  kind: z.string().regex(/^[A-Za-z][A-Za-z0-9]*$/),
  metadata: z.object({ name, namespace: name.optional() }),
});
const stored = z.object({ version: z.string(), overlays: z.array(z.string()), objects: z.array(reference) });

export function familyOf(shape: string): Family {
  const [first = ""] = shape.split("/");
  return first === "coordinator" || first === "workers" ? first : "product";
}

export function inventoryReference(family: Family, namespace: string): Reference {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: NAMES[family], namespace } };
}

/** Undefined where there is none, and where what is there is none. */
export async function readInventory(
  client: Pick<KubeClient, "get">,
  family: Family,
  namespace: string,
  signal?: AbortSignal,
): Promise<Inventory | undefined> {
  const call = signal === undefined ? {} : { signal };
  try {
    const { data } = await client.get(ConfigMaps, { namespace, name: NAMES[family] }, call);
    const read = stored.safeParse(JSON.parse(data?.[KEY] ?? ""));
    if (!read.success) return undefined;
    const { objects, ...rest } = read.data;
    return {
      ...rest,
      objects: objects.map(({ metadata: { name, namespace }, ...each }) => ({
        ...each,
        metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
      })),
    };
  } catch (error) {
    if (isNotFound(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export async function writeInventory(
  client: Pick<KubeClient, "patch">,
  family: Family,
  namespace: string,
  { version, overlays, objects }: Inventory,
  signal?: AbortSignal,
): Promise<void> {
  const { metadata, ...type } = inventoryReference(family, namespace);
  const short = objects.map(({ apiVersion, kind, metadata: { name, namespace } }) => ({
    apiVersion,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  }));
  const body = labelled({
    ...type,
    metadata: { ...metadata, labels: { app: "coder-k8s" } },
    data: { [KEY]: JSON.stringify({ version, overlays, objects: short }) },
  });
  await client.patch(ConfigMaps, { namespace, name: NAMES[family] }, { type: "apply", body, force: true }, {
    fieldManager: INSTALL_MANAGER,
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Each object once, the first ones first. */
export function union(...lists: readonly (readonly Reference[])[]): Reference[] {
  const byName = new Map<string, Reference>();
  for (const one of lists.flat()) if (!byName.has(sameness(one))) byName.set(sameness(one), one);
  return [...byName.values()];
}

/** Those of `before` that `now` has no more. */
export function gone(before: readonly Reference[], now: readonly Reference[]): Reference[] {
  const kept = new Set(now.map(sameness));
  return before.filter((one) => !kept.has(sameness(one)));
}
