/** Which Coder deployment a key belongs to. Its address may change; that alone is no reason for a new key. */
import type { Key, KeyHome, KeyOrganization, KeyWanted } from "./types.ts";

/** `namespace/name` of the control plane. */
export function homeText({ namespace, name }: Pick<KeyHome, "namespace" | "name">): string {
  return `${namespace}/${name}`;
}

/** True where both are the same deployment, as far as it is known: by its id, or else by its control plane. */
export function sameHome(left: KeyHome, right: KeyHome): boolean {
  if (left.deploymentId !== undefined && right.deploymentId !== undefined) {
    return left.deploymentId === right.deploymentId;
  }
  // Older statuses of the Go operator name none.
  const isNamed = left.name !== "" && right.name !== "";
  return isNamed ? homeText(left) === homeText(right) : left.namespace === right.namespace;
}

/** True where a deployment is certainly another one than the key's. */
export function isOtherDeployment(home: KeyHome, deploymentId: string | undefined): boolean {
  return home.deploymentId !== undefined && deploymentId !== undefined && home.deploymentId !== deploymentId;
}

/** True where both are the same organization, as far as it is known. `default` is a name for one that has another. */
export function sameOrganization(left: KeyOrganization, right: KeyOrganization): boolean {
  if (left.id !== undefined && right.id !== undefined) return left.id === right.id;
  if (left.name === "" || right.name === "") return true;
  return left.name.toLowerCase() === right.name.toLowerCase();
}

/** The key with what is known now of its deployment and organization. */
export function refreshed<K extends Key>(key: K, { home, organization }: KeyWanted): K {
  if (!sameHome(key.home, home)) return key;
  const sameOne = sameOrganization(key.organization, organization);
  return {
    ...key,
    home: {
      ...home,
      deploymentId: home.deploymentId ?? key.home.deploymentId,
      url: home.url ?? key.home.url,
      // Gone for the moment perhaps; the old reference is better than none when the key has to go.
      tokenSecret: home.tokenSecret ?? key.home.tokenSecret,
    },
    organization: sameOne
      ? { name: organization.name, id: organization.id ?? key.organization.id }
      : key.organization,
  };
}

/** What Coder knows the organization by, for good. */
export function organizationOf({ organization: { id, name } }: Pick<Key, "organization">): string {
  return id ?? name;
}
