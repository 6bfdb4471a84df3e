/** Records as ConfigMaps, and back. */
import type { z } from "zod";
import { keyOf as wishKey, type WishRecord, wishRecordSchema } from "../actions/mod.ts";
import { type ChangeRecord, changeRecordSchema } from "../actions/templates/mod.ts";
import { CoderControlPlanes } from "../api/control_plane.ts";
import type { ConfigMap, OwnerReference } from "../api/kubernetes/types.ts";
import { apiVersionOf, keyOf, keyText } from "../api/object.ts";
import { deepFreeze } from "../kube/cache/cache_entry.ts";
import { type Address, KEEPS, labelsFor, MANAGED_BY, nameOf, type Sort } from "./address.ts";
import { type KeepingOwner, type ShadowRecord, shadowRecordSchema, ShadowTooLargeError } from "./types.ts";

/** Id of the Coder, as backends have it. */
const CODER = "aggregation.coder.com/coder";
/** Random: the writer of this state knows its own again. */
const WRITE = "aggregation.coder.com/write";
const DESCRIPTION = "kubernetes.io/description";
const RECORD = "record";

/** Bytes that a record may take; the API server takes 1 MiB of data in a ConfigMap. */
export const MAX_BYTES = 900 * 1024;
/** Up to so many characters, records are laid out for people. */
const PRETTY = 32 * 1024;

/** A record of each sort. */
export interface Records {
  readonly shadow: ShadowRecord;
  readonly wish: WishRecord;
  readonly change: ChangeRecord;
}

/** What was read of a ConfigMap. Frozen. */
export interface Kept<S extends Sort = Sort> {
  readonly address: Address & { readonly sort: S };
  /** Id of the Coder. */
  readonly owner: string;
  /** Of the control plane; empty where there is none. */
  readonly uid: string;
  readonly record: Records[S];
  /** The ConfigMap's. */
  readonly version: string;
}

const schemas: { readonly [S in Sort]: z.ZodType<Records[S]> } = {
  shadow: shadowRecordSchema,
  wish: wishRecordSchema,
  change: changeRecordSchema,
};

const addresses: { readonly [S in Sort]: (record: Records[S]) => Omit<Address, "sort"> } = {
  shadow: ({ kind, id }) => ({ kind, key: id }),
  wish: ({ owner, name }) => ({ kind: "workspaces", key: wishKey(owner, name) }),
  change: ({ template }) => ({ kind: "templates", key: template }),
};

export function addressOf<S extends Sort>(sort: S, record: Records[S]): Address & { readonly sort: S } {
  return { sort, ...addresses[sort](record) };
}

/** @throws {ShadowTooLargeError} */
export function configMapOf<S extends Sort>(
  owner: KeepingOwner,
  address: Address & { readonly sort: S },
  record: Records[S],
  write: string,
): ConfigMap {
  const name = nameOf(owner.id, address);
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      namespace: owner.namespace,
      name,
      labels: labelsFor(owner, address),
      annotations: {
        [CODER]: owner.id,
        [WRITE]: write,
        [DESCRIPTION]: describe(address, record),
      },
      ...referenceTo(owner),
    },
    data: { [RECORD]: textOf(record, keyText({ namespace: owner.namespace, name })) },
  };
}

/** The garbage collector takes the ConfigMap when its control plane is gone, and does not hold that up. */
function referenceTo({ controlPlane, uid }: KeepingOwner): { ownerReferences?: OwnerReference[] } {
  if (controlPlane === undefined || uid === "") return {};
  const { kind } = CoderControlPlanes;
  return {
    ownerReferences: [{ apiVersion: apiVersionOf(CoderControlPlanes), kind, name: controlPlane.name, uid }],
  };
}

function describe(address: Address, record: Records[Sort]): string {
  const name = "name" in record ? record.name : address.key;
  switch (address.sort) {
    case "shadow":
      return `What Coder has no place for, of the ${address.kind.slice(0, -1)} ${name}. ` +
        "Kept by coder-k8s, and removed when that is gone.";
    case "wish":
      return `What is asked of the workspace ${name} and not done yet. ` +
        "Kept by coder-k8s, and removed when it is done.";
    case "change":
      return `New files of a template, as the version ${name}, that are being built or could not be. ` +
        "Kept by coder-k8s, and removed when they are built.";
  }
}

function textOf(record: Records[Sort], where: string): string {
  const text = JSON.stringify(record);
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > MAX_BYTES) {
    throw new ShadowTooLargeError(
      `The ConfigMap ${where} would have to hold ${bytes} bytes, and ${MAX_BYTES} is the most.`,
    );
  }
  return text.length > PRETTY ? text : `${JSON.stringify(record, null, 2)}\n`;
}

/** Whether we wrote this, whatever it holds now. */
export function isOurs({ metadata: { labels } }: ConfigMap): boolean {
  return labels?.[MANAGED_BY] === "coder-k8s" && labels[KEEPS] !== undefined;
}

/** Which write this is the result of. */
export function writeOf({ metadata }: ConfigMap): string {
  return metadata.annotations?.[WRITE] ?? "";
}

export function uidOf({ metadata }: ConfigMap): string {
  return metadata.ownerReferences?.find(({ kind }) => kind === CoderControlPlanes.kind)?.uid ?? "";
}

/**
 * @throws {Error} where it cannot be read, or is not where it belongs (a copy that somebody made, say).
 */
export function readConfigMap(object: ConfigMap): Kept {
  const { labels, annotations, resourceVersion = "" } = object.metadata;
  const sort = labels?.[KEEPS];
  if (sort !== "shadow" && sort !== "wish" && sort !== "change") {
    throw new Error(`its label ${KEEPS} says nothing`);
  }
  const owner = annotations?.[CODER];
  if (owner === undefined) throw new Error(`it has no annotation ${CODER}`);
  let json: unknown;
  try {
    json = JSON.parse(object.data?.[RECORD] ?? "");
  } catch {
    throw new Error(`data.${RECORD} is no JSON`);
  }
  const parsed = schemas[sort].safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`data.${RECORD}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
  }
  const record = parsed.data;
  const address = addressOf(sort, record);
  const { namespace, name } = keyOf(object);
  const home = owner.includes("/") ? owner.slice(0, owner.indexOf("/")) : namespace;
  if (name !== nameOf(owner, address) || namespace !== home) {
    throw new Error(`it is of another object than its name says`);
  }
  const kept: Kept = { address, owner, uid: uidOf(object), record, version: resourceVersion };
  deepFreeze(kept);
  return kept;
}
