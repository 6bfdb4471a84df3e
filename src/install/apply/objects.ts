/** How the objects of an installation are addressed and named. */
import { keyOf, keyText, type KubeObject, resourceText, type ResourceType } from "../../api/object.ts";
import { resourceOf } from "../check/resource_names.ts";

/** Whose fields those are that an installation sets; not the operator's own, who writes into some of these objects, too. */
export const INSTALL_MANAGER = "coder-k8s-install";
/** Says that an object came with an installation, and may go when a later one has it no more. */
export const MANAGED_BY = "app.kubernetes.io/managed-by";
export const MANAGER_LABEL = "coder-k8s";

/** What an object must have to be addressed. */
export type Reference = Pick<KubeObject, "apiVersion" | "kind"> & {
  readonly metadata: { readonly name?: string; readonly namespace?: string };
};

/** Of any object whose kind makes its plural as kinds do. */
export function typeOf({ apiVersion, kind, metadata: { namespace } }: Reference): ResourceType {
  const [version = "", group = ""] = apiVersion.split("/").reverse();
  return { group, version, kind, plural: resourceOf(kind), namespaced: namespace !== undefined };
}

/** `deployment.apps/coder-k8s in coder-system`: as kubectl names it. */
export function wordsOf(object: Reference): string {
  const { group, kind } = typeOf(object);
  const { name = "", namespace } = object.metadata;
  return `${kind.toLowerCase()}${group === "" ? "" : `.${group}`}/${name}${
    namespace === undefined ? "" : ` in ${namespace}`
  }`;
}

/** `deployments.apps "coder-system/coder-k8s"`. */
export function targetOf(object: Reference): string {
  return `${resourceText(typeOf(object))} "${keyText(keyOf(object as KubeObject))}"`;
}

/** Equal for references to one object, whatever its version. */
export function sameness({ apiVersion, kind, metadata: { name, namespace } }: Reference): string {
  const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
  return [group, kind, namespace ?? "", name].join("|");
}

/** With the label of an installation. */
export function labelled<T extends KubeObject>(object: T): T {
  const labels = { ...object.metadata.labels, [MANAGED_BY]: MANAGER_LABEL };
  return { ...object, metadata: { ...object.metadata, labels } };
}

/** What kinds are called when there are several of them in one message. */
export function listed(objects: readonly Reference[]): string {
  return objects.map((object) => `  ${wordsOf(object)}`).join("\n");
}
