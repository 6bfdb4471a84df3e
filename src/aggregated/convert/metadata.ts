/** What objects of both kinds have in common. */
import { CONTROL_PLANE_NAME_LABEL, CONTROL_PLANE_NAMESPACE_LABEL } from "../../api/aggregated.ts";
import type { ObjectMeta } from "../../api/kubernetes/types.ts";
import type { ObjectKey } from "../../api/object.ts";
import type { ShadowRecord } from "../../shadow/mod.ts";
import { keptMetadata } from "./kept.ts";

/** Where a record is shown. */
export interface Place {
  readonly namespace: string;
  readonly name: string;
  /** Absent where one deployment is served by flags. */
  readonly controlPlane?: ObjectKey | undefined;
  readonly addresses: Addresses;
}

/** Addresses of a deployment that are not in its records. */
export interface Addresses {
  /** As users see it, without a slash at its end; empty where it is not known. */
  readonly access: string;
  /** Such as `*.apps.example.com`; empty where apps have no hosts of their own. */
  readonly apps: string;
}

/**
 * Everything but the resource version. Our labels win over those that are kept.
 *
 * @param deletion since when it is being deleted, as {@linkcode timeOf} has it
 */
export function metadataOf(
  { namespace, name, controlPlane }: Place,
  { id, created_at }: { readonly id: string; readonly created_at: string },
  shadow?: ShadowRecord,
  deletion?: string,
): ObjectMeta {
  const created = timeOf(created_at);
  const kept = keptMetadata(shadow);
  const { generation, annotations, ownerReferences, finalizers, managedFields } = kept;
  const labels = {
    ...kept.labels,
    ...(controlPlane === undefined ? {} : {
      [CONTROL_PLANE_NAME_LABEL]: controlPlane.name,
      [CONTROL_PLANE_NAMESPACE_LABEL]: controlPlane.namespace,
    }),
  };
  return {
    name,
    namespace,
    uid: id,
    ...(generation === undefined ? {} : { generation }),
    ...(created === undefined ? {} : { creationTimestamp: created }),
    ...(deletion === undefined ? {} : {
      deletionTimestamp: deletion,
      deletionGracePeriodSeconds: kept.deletionGracePeriodSeconds ?? 0,
    }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(ownerReferences === undefined ? {} : { ownerReferences }),
    ...(finalizers === undefined ? {} : { finalizers }),
    ...(managedFields === undefined ? {} : { managedFields }),
  };
}

/** A time of Coder's as Kubernetes writes times: UTC, whole seconds. Undefined for none, and for Go's zero time. */
export function timeOf(text: string | null | undefined): string | undefined {
  if (text === null || text === undefined) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time) || time <= YEAR_2) return undefined;
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

const YEAR_2 = Date.parse("0002-01-01T00:00:00Z");

/** The later one of two times of {@linkcode timeOf}. */
export function later(left: string | undefined, right: string | undefined): string | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return left > right ? left : right;
}

/** `{[name]: value}`, or nothing where the value is empty. */
export function unlessEmpty<N extends string>(name: N, value: string | undefined): { [K in N]?: string } {
  return (value === undefined || value === "" ? {} : { [name]: value }) as { [K in N]?: string };
}
