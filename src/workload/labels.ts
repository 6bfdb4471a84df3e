/** The labels that every child carries; they are also selectors, which cannot be changed later. */
import { instanceLabel } from "./names.ts";

/** Value of `app.kubernetes.io/managed-by` on everything the operator makes. */
export const MANAGED_BY = "coder-k8s";
export const NAME_LABEL = "app.kubernetes.io/name";
export const INSTANCE_LABEL = "app.kubernetes.io/instance";
export const MANAGED_BY_LABEL = "app.kubernetes.io/managed-by";
/** On workspace RBAC: name and namespace of the control plane it was made for. */
export const CONTROL_PLANE_LABEL = "coder.com/control-plane";
export const CONTROL_PLANE_NAMESPACE_LABEL = "coder.com/control-plane-namespace";

/** On workspace RBAC of a provisioner: its name, as in the instance label, and its namespace. */
export const PROVISIONER_LABEL = "coder.com/provisioner";
export const PROVISIONER_NAMESPACE_LABEL = "coder.com/provisioner-namespace";

/** The label selector of every child, for watches. */
export const MANAGED_BY_SELECTOR = `${MANAGED_BY_LABEL}=${MANAGED_BY}`;

/** Which of the three kinds a child belongs to. */
export type Component = "coder-control-plane" | "coder-provisioner" | "coder-workspace-proxy";

/** The three standard labels: metadata, selector and pod labels alike. */
export function standardLabels(component: Component, name: string): Record<string, string> {
  return {
    [NAME_LABEL]: component,
    // A control plane's name is never cut: its Deployment's selector could not be changed any more.
    [INSTANCE_LABEL]: component === "coder-control-plane" ? name : instanceLabel(name),
    [MANAGED_BY_LABEL]: MANAGED_BY,
  };
}

/** The labels of a control plane's workspace RBAC, in every namespace. */
export function workspaceRbacLabels(namespace: string, name: string): Record<string, string> {
  return {
    ...standardLabels("coder-control-plane", name),
    [CONTROL_PLANE_LABEL]: name,
    [CONTROL_PLANE_NAMESPACE_LABEL]: namespace,
  };
}

/** `a=1,b=2`: an equality selector for a list. */
export function selectorText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`).join(",");
}
