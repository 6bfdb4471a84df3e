/** Kubernetes' own reading of RBAC rules, and random rules, for property tests. */
import type { PolicyRule } from "../../api/kubernetes/types.ts";

/** One request, as RBAC sees it. */
export interface RbacRequest {
  group: string;
  resource: string;
  verb: string;
  /** Empty: no object is named, such as in a list. */
  name: string;
}

/** As `k8s.io/kubernetes/pkg/registry/rbac/validation` decides it. */
export function allows(rules: readonly PolicyRule[], { group, resource, verb, name }: RbacRequest): boolean {
  return rules.some(({ apiGroups = [], resources = [], verbs, resourceNames = [] }) =>
    (apiGroups.includes("*") || apiGroups.includes(group)) &&
    (verbs.includes("*") || verbs.includes(verb)) &&
    resources.some((each) =>
      each === "*" || each === resource ||
      (resource.includes("/") && each === `*/${resource.slice(resource.indexOf("/") + 1)}`)
    ) &&
    (resourceNames.length === 0 || resourceNames.includes(name))
  );
}

/** Repeatable random numbers below 1. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What the random rules are made of, sensitive and harmless. */
export const GROUPS = [
  "",
  "*",
  "apps",
  "batch",
  "rbac.authorization.k8s.io",
  "coder.com",
  "authentication.k8s.io",
];
export const RESOURCES = [
  "*",
  "*/token",
  "*/status",
  "pods",
  "pods/exec",
  "pods/status",
  "secrets",
  "serviceaccounts",
  "serviceaccounts/token",
  "roles",
  "rolebindings",
  "codercontrolplanes",
  "deployments",
  "jobs",
];
export const VERBS = ["*", "get", "list", "create", "delete", "escalate", "bind", "impersonate"];

/** A random rule. */
export function randomRule(random: () => number): PolicyRule {
  const some = (of: readonly string[], most: number) =>
    Array.from({ length: 1 + Math.floor(random() * most) }, () => of[Math.floor(random() * of.length)] ?? "");
  return {
    apiGroups: some(GROUPS, 2),
    resources: some(RESOURCES, 3),
    verbs: some(VERBS, 3),
    ...(random() < 0.3 && { resourceNames: some(["a", "b", "c"], 2) }),
  };
}

/** Every request that the parts above can express. */
export function everyRequest(): RbacRequest[] {
  const plain = (of: readonly string[]) => of.filter((each) => !each.includes("*"));
  return [...plain(GROUPS), "example.com"].flatMap((group) =>
    [...plain(RESOURCES), "services", "services/token"].flatMap((resource) =>
      [...plain(VERBS), "watch"].flatMap((verb) =>
        ["", "a", "b", "z"].map((name) => ({ group, resource, verb, name }))
      )
    )
  );
}
