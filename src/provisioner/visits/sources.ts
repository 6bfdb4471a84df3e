/** What wakes visits to Coder for provisioners. */
import type { CoderProvisioner } from "../../api/provisioner.ts";
import { CoderProvisioners, parseProvisioner } from "../../api/provisioner.ts";
import type { Deployment, Pod } from "../../api/kubernetes/types.ts";
import { keyOf, keyText, type KubeObject, type ObjectKey } from "../../api/object.ts";
import type { Listings, ListNews } from "../../inventory/mod.ts";
import { canonicalJson } from "../../kube/apply/canonical_json.ts";
import { anyVersion } from "../../operator/children/reference_sources.ts";
import {
  controlPlaneMatters,
  controlPlanesOfToken,
  namedControlPlane,
} from "../../operator/visit/control_plane_ref.ts";
import { anyOf, type Predicate, specOrMetadataChanged } from "../../reconciler/predicate.ts";
import { owned, primary, type Source, watching } from "../../reconciler/source.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";
import { instanceLabel } from "../../workload/names.ts";
import {
  DELETION_COST,
  hasEnded,
  instanceOf,
  isReady,
  KEY_CHECKSUM,
} from "../../workload/provisioner_pods.ts";
import { keySecretName } from "../children.ts";
import { isOwnKeyName } from "../keys/mod.ts";
import { liveChecksum } from "../template_facts.ts";

const BY_NAMED = "visit-control-plane";
const BY_SECRET = "visit-key-secret";
const BY_LABEL = "visit-instance";

type Kinds = Pick<
  WorkloadKinds,
  "controlPlanes" | "deployments" | "pods" | "provisioners" | "secrets"
>;

/** Makes them, with the indexes that they need; once for each cache. */
export function visitSources(kinds: Kinds, listings: Pick<Listings, "onNews">): Source[] {
  const { controlPlanes, deployments, pods, provisioners, secrets } = kinds;
  provisioners.addIndex(BY_NAMED, namedControlPlane);
  provisioners.addIndex(BY_SECRET, keySecretOf);
  provisioners.addIndex(BY_LABEL, ({ metadata: { name = "", namespace = "" } }) => [
    `${namespace}/${instanceLabel(name)}`,
  ]);
  const controlPlanesOf = controlPlanesOfToken(controlPlanes);
  const naming = (key: ObjectKey) => provisioners.byIndex(BY_NAMED, keyText(key));
  return [
    primary(provisioners, { predicate: anyOf(specOrMetadataChanged, recordChanged) }),
    watching(controlPlanes, (object) => naming(keyOf(object)).map(keyOf), { predicate: controlPlaneMatters }),
    watching(secrets, (secret) =>
      [
        ...provisioners.byIndex(BY_SECRET, keyText(keyOf(secret))),
        ...controlPlanesOf(secret).flatMap(naming),
      ].map(keyOf), { predicate: anyVersion }),
    owned(deployments, CoderProvisioners, { predicate: rolloutChanged }),
    watching(
      pods,
      (pod) => instanceOf(pod).flatMap((each) => provisioners.byIndex(BY_LABEL, each)).map(keyOf),
      {
        predicate: podMatters,
      },
    ),
    {
      start: (enqueue) =>
        listings.onNews((news) => {
          for (const object of provisioners.byIndex(BY_NAMED, news.controlPlane)) {
            if (concerns(news, object)) enqueue(keyOf(object), 0);
          }
        }),
    },
  ];
}

/** Tells when a control plane is gone, to forget what is kept of it. */
export function goneControlPlanes(
  { controlPlanes }: Pick<Kinds, "controlPlanes">,
  forget: (key: ObjectKey) => void,
): Source {
  return { start: () => controlPlanes.subscribe({ deleted: (object) => forget(keyOf(object)) }) };
}

/** `namespace/name` of the Secret with the key. */
export function keySecretOf(object: CoderProvisioner): string[] {
  try {
    return [`${object.metadata.namespace ?? ""}/${keySecretName(parseProvisioner(object))}`];
  } catch {
    return [];
  }
}

/** The pass has stored what a visit left, which may wait for just that. */
export const recordChanged: Predicate<CoderProvisioner> = {
  updated: (before, after) => canonicalJson(recordFields(before)) !== canonicalJson(recordFields(after)),
};

function recordFields({ status }: CoderProvisioner): unknown {
  return [
    status?.organizationID,
    status?.organizationName,
    status?.provisionerKeyID,
    status?.provisionerKeyName,
    status?.tagsHash,
    status?.controlPlaneRefName,
    status?.controlPlaneURL,
    status?.key,
    status?.keyIntents,
  ];
}

/** Pods are replaced, become ready, or are more or fewer. */
export const rolloutChanged: Predicate<Deployment> = {
  updated: (before, after) => canonicalJson(rolloutFields(before)) !== canonicalJson(rolloutFields(after)),
};

function rolloutFields(deployment: Deployment): unknown {
  const { metadata: { generation, uid }, spec, status } = deployment;
  const { availableReplicas, observedGeneration, readyReplicas, replicas, updatedReplicas } = status ?? {};
  return [
    [uid, generation, observedGeneration, liveChecksum(deployment)],
    [spec?.replicas, replicas, updatedReplicas, readyReplicas, availableReplicas],
  ];
}

/** What rotation and autoscaling go by has changed. */
export const podMatters: Predicate<Pod> = {
  updated: (before, after) => canonicalJson(podFields(before)) !== canonicalJson(podFields(after)),
};

function podFields(pod: Pod): unknown {
  const { annotations, deletionTimestamp, uid } = pod.metadata;
  const going = deletionTimestamp !== undefined;
  return [uid, going, isReady(pod), hasEnded(pod), annotations?.[KEY_CHECKSUM], annotations?.[DELETION_COST]];
}

/** Whether news of a list is about this provisioner. */
export function concerns({ changed, kind, organization }: ListNews, object: KubeObject): boolean {
  const { metadata: { uid = "" }, spec, status } = object as CoderProvisioner;
  const elsewhere = organization !== undefined && status?.organizationID !== undefined &&
    status.organizationID !== organization;
  switch (kind) {
    case "keys":
      return !elsewhere &&
        [...changed].some((name) => isOwnKeyName(name, uid) || sameName(name, status?.provisionerKeyName));
    case "jobs":
    case "daemons":
      return !elsewhere && spec?.autoscale !== undefined;
    case "organizations":
      return true;
    case "proxies":
      return false;
  }
}

/** Coder has names in small letters. */
function sameName(name: string, other = ""): boolean {
  return name.toLowerCase() === other.toLowerCase();
}
