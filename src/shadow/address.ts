/** Where a record is kept: one ConfigMap each, under a name that follows from what it is of. */
import { createHash } from "node:crypto";
import type { ObjectKey } from "../api/object.ts";
import type { KeepingOwner, ShadowKind } from "./types.ts";

export const SORTS = ["shadow", "wish", "change"] as const;
export type Sort = typeof SORTS[number];

/** What a record is of. */
export interface Address {
  readonly sort: Sort;
  readonly kind: ShadowKind;
  /** Coder's id; of wishes the owner's id and the workspace's name. Unique in sort and kind. */
  readonly key: string;
}

export const MANAGED_BY = "app.kubernetes.io/managed-by";
export const KEEPS = "aggregation.coder.com/keeps";
export const OF = "aggregation.coder.com/of";
export const CONTROL_PLANE = "aggregation.coder.com/control-plane";

/** All records of all Coders, and nothing else. */
export const SELECTOR = `${MANAGED_BY}=coder-k8s,${KEEPS} in (${SORTS.join(",")})`;

/** Characters of the hash that keeps names apart: 50 bits. */
const HASH = 10;

/** Valid wherever Kubernetes takes a DNS name; another for every owner and address. */
export function nameOf(owner: string, { sort, kind, key }: Address): string {
  const what = sort === "shadow" ? kind.slice(0, -1) : sort;
  const readable = slug(key, 100);
  const hash = hashOf([owner, sort, kind, key]);
  return ["coder-k8s", what, ...(readable === "" ? [] : [readable]), hash].join("-");
}

export function keyFor(owner: Pick<KeepingOwner, "id" | "namespace">, address: Address): ObjectKey {
  return { namespace: owner.namespace, name: nameOf(owner.id, address) };
}

/** By which people select. */
export function labelsFor(owner: KeepingOwner, { sort, kind }: Address): Record<string, string> {
  return {
    [MANAGED_BY]: "coder-k8s",
    [KEEPS]: sort,
    [OF]: kind,
    [CONTROL_PLANE]: labelValue(owner.controlPlane?.name ?? "static"),
  };
}

/** Names of objects are longer than labels may be. */
function labelValue(name: string): string {
  return name.length <= 63 ? name : `${slug(name, 52)}-${hashOf([name])}`;
}

function slug(text: string, length: number): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, length).replace(/^-|-$/g, "");
}

function hashOf(parts: readonly string[]): string {
  const digest = createHash("sha256").update(JSON.stringify(parts)).digest();
  // Letters and digits that can stand anywhere in a DNS name.
  return Array.from(digest.subarray(0, HASH), (byte) => "0123456789abcdefghijklmnopqrstuv"[byte & 31]).join(
    "",
  );
}
