/** Pods of provisioners as the cache keeps them: which key each runs with, whether it is ready, and which should go first. */
import type { Pod } from "../api/kubernetes/types.ts";
import { picked } from "./picked.ts";
import { INSTANCE_LABEL, MANAGED_BY, MANAGED_BY_LABEL, NAME_LABEL } from "./labels.ts";

/** Index of pods by the instance they belong to, as `namespace/instance label`. */
export const BY_INSTANCE = "instance";

/** Label selector of the pods of all provisioners. */
export const PROVISIONER_PODS = `${NAME_LABEL}=coder-provisioner,${MANAGED_BY_LABEL}=${MANAGED_BY}`;

/** On a pod, from its template: the checksum of the key that it was started with. */
export const KEY_CHECKSUM = "checksum/provisioner-key";

/** On a pod: what Kubernetes goes by when it removes some of a ReplicaSet, the lowest first. */
export const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";

const KEPT_ANNOTATIONS = [KEY_CHECKSUM, DELETION_COST];

/** `namespace/instance label`; empty for pods without the label. */
export function instanceOf({ metadata: { labels, namespace = "" } }: Pod): string[] {
  const instance = labels?.[INSTANCE_LABEL];
  return instance === undefined ? [] : [`${namespace}/${instance}`];
}

/** What is kept of a pod, which is little: there are many, and they change often. */
export function slimPod({ apiVersion, kind, metadata, status }: Pod): Pod {
  const { annotations = {} } = metadata;
  const kept = KEPT_ANNOTATIONS.flatMap((key) =>
    annotations[key] === undefined ? [] : [[key, annotations[key]]]
  );
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return {
    apiVersion,
    kind,
    metadata: {
      ...picked(metadata, [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "labels",
        "ownerReferences",
        "deletionTimestamp",
      ]),
      ...(kept.length > 0 && { annotations: Object.fromEntries(kept) }),
    },
    status: {
      ...(status?.phase !== undefined && { phase: status.phase }),
      ...(ready !== undefined && { conditions: [{ type: "Ready", status: ready.status }] }),
    },
  };
}

/** Its containers have ended for good: it runs with no key any more. */
export function hasEnded({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** It is ready, and stays. */
export function isReady({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp === undefined &&
    status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
}
