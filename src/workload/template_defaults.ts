/** What the API server adds to a pod template: fields that say nothing and that nobody misses when they go. */
import type { PodTemplateSpec } from "../api/kubernetes/types.ts";

/** Field names with their default values as JSON; `*` stands for any value that the server derives from other fields. */
const defaults: Readonly<Record<string, readonly string[]>> = {
  apiVersion: ['"v1"'],
  cachingMode: ['"ReadWrite"'],
  defaultMode: ["420"],
  divisor: ['"0"'],
  dnsPolicy: ['"ClusterFirst"'],
  enableServiceLinks: ["true"],
  failureThreshold: ["3"],
  fsType: ['"ext4"', '"xfs"'],
  imagePullPolicy: ["*"],
  expirationSeconds: ["3600"],
  iscsiInterface: ['"default"'],
  keyring: ['"/etc/ceph/keyring"'],
  kind: ['"Shared"'],
  periodSeconds: ["10"],
  pool: ['"rbd"'],
  pullPolicy: ["*"],
  protocol: ['"TCP"'],
  restartPolicy: ['"Always"'],
  schedulerName: ['"default-scheduler"'],
  scheme: ['"HTTP"'],
  serviceAccount: ["*"],
  storageMode: ['"ThinProvisioned"'],
  successThreshold: ["1"],
  terminationGracePeriodSeconds: ["30"],
  terminationMessagePath: ['"/dev/termination-log"'],
  terminationMessagePolicy: ['"File"'],
  timeoutSeconds: ["1"],
  user: ['"admin"'],
  volumeMode: ['"Filesystem"'],
};

/** A copy without defaults and empty structures. Environment, labels and annotations keep all their entries. */
export function withoutDefaults(template: PodTemplateSpec): PodTemplateSpec {
  return prune(template) as PodTemplateSpec;
}

/** Maps whose keys are the user's, not field names. */
const userMaps: ReadonlySet<string> = new Set([
  "annotations",
  "labels",
  "limits",
  "matchLabels",
  "nodeSelector",
  "requests",
  "volumeAttributes",
  "options",
]);

function prune(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(prune);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).flatMap(([name, field]): [string, unknown][] => {
    if (userMaps.has(name)) return [[name, field]];
    return isDefault(name, field) ? [] : [[name, prune(field)]];
  });
  return Object.fromEntries(kept);
}

function isDefault(name: string, value: unknown): boolean {
  const known = Object.hasOwn(defaults, name) ? defaults[name] : undefined;
  return known !== undefined && (known.includes("*") || known.includes(JSON.stringify(value)));
}
