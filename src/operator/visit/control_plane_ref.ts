/** The control plane that another object names: found in the cache, or why not, and what of it concerns those who name it. */
import {
  type CoderControlPlane,
  CoderControlPlanes,
  type ControlPlane,
  parseControlPlane,
} from "../../api/control_plane.ts";
import { InvalidObjectError } from "../../api/object_schema.ts";
import { keyOf, keyText, type KubeObject, type ObjectKey } from "../../api/object.ts";
import { canonicalJson } from "../../kube/apply/canonical_json.ts";
import type { Informer } from "../../kube/informer.ts";
import type { Predicate } from "../../reconciler/predicate.ts";
import { type Asker, isListed } from "../../workload/consent.ts";
import { controlPlaneAddress, internalUrl } from "../../workload/urls.ts";

/** On a CoderControlPlane: who of other namespaces may use it, as `isListed` reads it. */
export const USED_FROM = "coder.com/used-from";

/** `spec.controlPlaneRef`. */
export interface ControlPlaneRef {
  /** @default that of the object that has the reference */
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** A control plane that may be used. */
export interface FoundControlPlane {
  readonly found: true;
  readonly key: ObjectKey;
  /** With defaults. */
  readonly controlPlane: ControlPlane;
  /** Where pods reach it: plain HTTP inside the cluster, whatever TLS its users see. */
  readonly url: string;
}

/** Why there is none. */
export interface MissingControlPlane {
  readonly found: false;
  /** As far as it was named. */
  readonly key: ObjectKey;
  readonly reason:
    | "ControlPlaneNameMissing"
    | "ControlPlaneNotFound"
    /** There is none, or it is in another namespace and says nothing of who asks: which of both is nobody's business. */
    | "ControlPlaneNotShared"
    | "ControlPlaneDeleting"
    | "ControlPlaneInvalid";
  /** For people. */
  readonly message: string;
}

/** See both. */
export type ControlPlaneFinding = FoundControlPlane | MissingControlPlane;

/** Which control plane is meant by a reference of an object in `namespace`. */
export function referredKey({ namespace, name }: ControlPlaneRef, owner: { namespace: string }): ObjectKey {
  return { namespace: (namespace ?? "") === "" ? owner.namespace : namespace ?? "", name };
}

/** Looks the reference up. `clusterDomain`: DNS domain of the cluster, which is `cluster.local` by default. */
export function findControlPlane(
  ref: ControlPlaneRef,
  asker: Asker,
  controlPlanes: Pick<Informer<CoderControlPlane>, "get">,
  clusterDomain?: string,
): ControlPlaneFinding {
  const key = referredKey(ref, asker);
  const missing = (reason: MissingControlPlane["reason"], message: string): MissingControlPlane => ({
    found: false,
    key,
    reason,
    message,
  });
  if (ref.name.trim() === "") {
    return missing("ControlPlaneNameMissing", "spec.controlPlaneRef.name is empty: name a CoderControlPlane");
  }
  const what = `CoderControlPlane ${keyText(key)}`;
  const object = controlPlanes.get(key);
  if (key.namespace !== asker.namespace) {
    if (object === undefined || !isListed(object.metadata.annotations?.[USED_FROM], asker)) {
      const wanted = `${USED_FROM}: ${asker.namespace}/${asker.name}`;
      return missing(
        "ControlPlaneNotShared",
        `${what} does not exist, or is not for this namespace: its annotation ${wanted} would allow it`,
      );
    }
  }
  if (object === undefined) return missing("ControlPlaneNotFound", `${what} does not exist; create it`);
  if (object.metadata.deletionTimestamp !== undefined) {
    return missing("ControlPlaneDeleting", `${what} is being deleted`);
  }
  const controlPlane = readableControlPlane(object);
  if (controlPlane === undefined) {
    return missing("ControlPlaneInvalid", `${what} cannot be read: its own status says what is wrong`);
  }
  return {
    found: true,
    key,
    controlPlane,
    url: internalUrl(controlPlaneAddress(controlPlane, clusterDomain)),
  };
}

/** With defaults; undefined where fields have wrong types. */
export function readableControlPlane(object: CoderControlPlane): ControlPlane | undefined {
  try {
    return parseControlPlane(object);
  } catch (error) {
    if (error instanceof InvalidObjectError) return undefined;
    throw error;
  }
}

/** Lets changes through that concern those who name a control plane: where it is, who may use it, its token and licence. */
export const controlPlaneMatters: Predicate<CoderControlPlane> = {
  updated: (before, after) => canonicalJson(whatMatters(before)) !== canonicalJson(whatMatters(after)),
};

function whatMatters({ metadata, spec, status }: CoderControlPlane): unknown {
  const { uid, annotations, deletionTimestamp } = metadata;
  return {
    metadata: [uid, annotations?.[USED_FROM], deletionTimestamp],
    spec: [spec?.image, spec?.service?.port, spec?.tls?.secretNames, spec?.operatorAccess?.disabled],
    access: [status?.operatorAccessReady, status?.operatorTokenSecretRef],
    license: [
      status?.externalProvisionerDaemonsEntitlement,
      status?.licenseTier,
      status?.licenseLastAppliedHash,
      status?.entitlementsLastChecked,
    ],
    version: status?.version,
  };
}

/**
 * Index function for kinds with `spec.controlPlaneRef`: `namespace/name` of the control plane. Takes raw objects, which may
 * have any shape.
 */
export function namedControlPlane(
  { metadata, spec }: KubeObject & { spec?: { controlPlaneRef?: { namespace?: unknown; name?: unknown } } },
): string[] {
  const { namespace, name } = spec?.controlPlaneRef ?? {};
  if (typeof name !== "string" || name === "") return [];
  const given = typeof namespace === "string" ? namespace : undefined;
  return [keyText(referredKey({ namespace: given, name }, { namespace: metadata.namespace ?? "" }))];
}

/** Name of the index of control planes by the Secret with the operator's token, as {@linkcode tokenSecretOf} has it. */
export const BY_TOKEN_SECRET = "operator-token-secret";

/** `namespace/name` of the Secret with the operator's token. */
export function tokenSecretOf({ metadata, status }: CoderControlPlane): string[] {
  const name: unknown = status?.operatorTokenSecretRef?.name;
  return typeof name === "string" && name !== "" ? [`${metadata.namespace ?? ""}/${name}`] : [];
}

const indexed = new WeakSet<object>();

/** The control planes whose operator's token is in a Secret. Both kinds that ask share the index. */
export function controlPlanesOfToken(
  controlPlanes: Pick<Informer<CoderControlPlane>, "addIndex" | "byIndex">,
): (secret: KubeObject) => ObjectKey[] {
  if (!indexed.has(controlPlanes)) {
    indexed.add(controlPlanes);
    controlPlanes.addIndex(BY_TOKEN_SECRET, tokenSecretOf);
  }
  return (secret) => controlPlanes.byIndex(BY_TOKEN_SECRET, keyText(keyOf(secret))).map(keyOf);
}

/** A control plane by name alone, for what is left to do at one that is gone. */
export function bareControlPlane({ namespace, name }: ObjectKey, port: number | undefined): ControlPlane {
  return parseControlPlane({
    apiVersion: `${CoderControlPlanes.group}/${CoderControlPlanes.version}`,
    kind: CoderControlPlanes.kind,
    metadata: { namespace, name },
    spec: port === undefined ? {} : { service: { port } },
  });
}
