/** Which rights applying objects needs. */
import type { KubeObject } from "../../api/object.ts";
import { resourceOf } from "./resource_names.ts";
import type { Access } from "./types.ts";

/**
 * What server-side apply asks for: create and patch of each kind, in each namespace. Roles cannot be granted by who does
 * not hold what they grant: `escalate` and `bind` say so in one word each.
 */
export function accessesFor(objects: readonly KubeObject[]): readonly Access[] {
  const accesses = new Map<string, Access>();
  const add = (access: Access) => {
    const { verb, group, resource, namespace = "" } = access;
    accesses.set(`${verb} ${group}/${resource} ${namespace}`, access);
  };
  for (const { apiVersion, kind, metadata: { namespace } } of objects) {
    const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
    const where = namespace === undefined ? {} : { namespace };
    const resource = resourceOf(kind);
    for (const verb of ["create", "patch"]) add({ verb, group, resource, ...where });
    if (kind === "ClusterRole" || kind === "Role") add({ verb: "escalate", group, resource, ...where });
    if (kind === "ClusterRoleBinding") add({ verb: "bind", group, resource: "clusterroles" });
    if (kind === "RoleBinding") add({ verb: "bind", group, resource: "roles", ...where });
  }
  return [...accesses.values()];
}
