/** ServiceAccount and what workspaces need in Kubernetes. */
import type { ControlPlaneSpecInput } from "../../api/control_plane.ts";
import type { PolicyRule } from "../../api/kubernetes/types.ts";
import { NAMESPACE, OBJECT_NAME } from "../../api/patterns.ts";
import { dropUnusableLabels } from "./labels.ts";
import { scalarText, type ValueReader } from "./value_reader.ts";
import { isFields } from "./values_text.ts";

const ACCOUNT = "coder.serviceAccount";

/** `spec.serviceAccount` and `spec.rbac`. `name`: of the control plane; `namespace`: its namespace, where it is known. */
export function rightsFields(values: ValueReader, name: string, namespace: string): ControlPlaneSpecInput {
  const account = accountFields(values, name);
  const rbac = rbacFields(values, namespace);
  return {
    ...(Object.keys(account).length > 0 && { serviceAccount: account }),
    ...(Object.keys(rbac).length > 0 && { rbac }),
  };
}

function accountFields(
  values: ValueReader,
  name: string,
): NonNullable<ControlPlaneSpecInput["serviceAccount"]> {
  // The chart's own default is the name of everything it makes; here, all has the control plane's.
  const named = values.text(`${ACCOUNT}.name`)?.trim();
  const given = named === undefined || !values.isGiven(`${ACCOUNT}.name`) ? name : named;
  const usable = given.length <= 253 && new RegExp(OBJECT_NAME).test(given);
  if (!usable) values.warn(`${ACCOUNT}.name`, `is not a name: ${name} was taken`);
  const disableCreate = values.flag(`${ACCOUNT}.disableCreate`);
  const annotations = values.textMap(`${ACCOUNT}.annotations`);
  const labels = values.textMap(`${ACCOUNT}.labels`);
  dropUnusableLabels(values, `${ACCOUNT}.labels`, labels);
  return {
    ...(usable && given !== name && { name: given }),
    ...(disableCreate && { disableCreate }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
    ...(Object.keys(labels).length > 0 && { labels }),
  };
}

function rbacFields(values: ValueReader, namespace: string): NonNullable<ControlPlaneSpecInput["rbac"]> {
  const workspacePerms = values.flag(`${ACCOUNT}.workspacePerms`);
  const enableDeployments = values.flag(`${ACCOUNT}.enableDeployments`);
  const extraRules = rules(values);
  const namespaces = otherNamespaces(values, { workspacePerms, enableDeployments }, namespace);
  if (extraRules.length > 0 && workspacePerms) {
    values.remark(
      `${ACCOUNT}.extraRules`,
      "spec.rbac.extraRules",
      "the operator refuses rules that reach Secrets, RBAC or its own resources, and cannot grant what it does not " +
        "hold itself: the condition WorkspaceRBAC tells",
    );
  }
  return {
    ...(!workspacePerms && { workspacePerms }),
    ...(!enableDeployments && { enableDeployments }),
    // In the chart, extra rules count only together with the others.
    ...(workspacePerms && extraRules.length > 0 && { extraRules }),
    ...(namespaces.length > 0 && { workspaceNamespaces: namespaces }),
  };
}

function rules(values: ValueReader): PolicyRule[] {
  const path = `${ACCOUNT}.extraRules`;
  const raw = values.raw(path);
  // The chart takes a single rule for a list of one.
  if (isFields(raw) && Object.keys(raw).length > 0) return list(values.checked(path, "PolicyRule", raw));
  return values.structures(path, "PolicyRule");
}

/** Each entry is a name, or a map with a name and rights of its own, which the control plane cannot have. */
function otherNamespaces(
  values: ValueReader,
  common: Readonly<Record<string, unknown>>,
  own: string,
): string[] {
  const pattern = new RegExp(NAMESPACE);
  const found = values.list(`${ACCOUNT}.workspaceNamespaces`).flatMap((item, index) => {
    const path = `${ACCOUNT}.workspaceNamespaces[${index}]`;
    const entry = isFields(item) ? item : { name: item };
    const name = scalarText(entry["name"])?.trim() ?? "";
    if (!pattern.test(name)) {
      values.warn(path, "does not name a namespace and was left out");
      return [];
    }
    if (!entry["workspacePerms"] && entry["workspacePerms"] !== undefined) {
      if (common["workspacePerms"] === true) return [];
    }
    for (const [key, value] of Object.entries(entry)) {
      if (key === "name" || value === common[key]) continue;
      values.warn(
        `${path}.${key}`,
        `namespace ${name} gets the same rights as all others (spec.rbac): where that is not right, leave it out of ` +
          "spec.rbac.workspaceNamespaces and make a Role and a RoleBinding yourself",
      );
    }
    return [name];
  });
  const names = [...new Set(found)].filter((name) => name !== own);
  if (names.length > 0) {
    const label = `kubectl label namespace ${names.join(" ")} coder.com/workspaces-from=${
      own || "NAMESPACE"
    }`;
    values.remark(
      `${ACCOUNT}.workspaceNamespaces`,
      "spec.rbac.workspaceNamespaces",
      `these namespaces must opt in, or be on the operator's --workspace-namespaces: ${label}`,
    );
  }
  return names;
}

function list<T>(item: T | undefined): T[] {
  return item === undefined ? [] : [item];
}
