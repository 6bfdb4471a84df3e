/** Whose an object is that is there under a name that an installation uses. */
import type { KubeObject } from "../../api/object.ts";
import { INSTALL_MANAGER, MANAGED_BY, MANAGER_LABEL } from "./objects.ts";

/** The names of an installation are ours; this one other programs use, too. */
const SHARED_NAME = "manager-role";

/**
 * Whether what is there under the name of an object of `deploy/` came with an installation: by the label, by the name, or
 * by what it says. Of others there may be some: `manager-role` is what many operators call theirs.
 */
export function isOurs(live: KubeObject): boolean {
  const { name = "", labels = {} } = live.metadata;
  if (labels[MANAGED_BY] === MANAGER_LABEL || labels["app.kubernetes.io/name"] === "coder-k8s") return true;
  if (name === SHARED_NAME) return JSON.stringify(live).includes('"coder.com"');
  return true;
}

/**
 * Whether `coder-k8s install` has applied it. Whoever may write ConfigMaps can name any object in an inventory, so that the
 * object itself must say it; the label alone is on what the operator makes for control planes, too.
 */
export function isInstalled({ metadata: { labels, managedFields = [] } }: KubeObject): boolean {
  return labels?.[MANAGED_BY] === MANAGER_LABEL &&
    managedFields.some(({ manager, operation }) => manager === INSTALL_MANAGER && operation === "Apply");
}

/**
 * The namespace of the installation that a cluster-wide object belongs to, where that is another one than `namespace`: there
 * is one such object in a cluster, whatever namespace it leads to.
 */
export function otherHome({ kind, ...object }: KubeObject, namespace: string): string | undefined {
  const { spec, subjects } = object as {
    spec?: { service?: { namespace?: string } };
    subjects?: readonly { kind?: string; name?: string; namespace?: string }[];
  };
  if (kind === "APIService") {
    const home = spec?.service?.namespace;
    return home === namespace ? undefined : home;
  }
  if (kind !== "ClusterRoleBinding") return undefined;
  const homes = (Array.isArray(subjects) ? subjects : [])
    .filter((one) => one?.kind === "ServiceAccount" && one.name?.startsWith("coder-k8s") === true)
    .flatMap((one) => one.namespace ?? []);
  return homes.includes(namespace) ? undefined : homes[0];
}
