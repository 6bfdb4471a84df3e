/** Which rights rules give, compared as Kubernetes' RBAC does: is one within others, and what do both give? */
import type { PolicyRule } from "../api/kubernetes/types.ts";
import { canonicalJson } from "../kube/apply/canonical_json.ts";

/** More combinations than this in one rule are not looked at: such a rule counts as covered by nothing but itself. */
const MAX_COMBINATIONS = 100_000;

/** True where `held` gives everything that `rule` gives. What gives nothing, and can be in no Role, is not covered. */
export function covers(held: readonly PolicyRule[], rule: PolicyRule): boolean {
  const { apiGroups = [], resources = [], verbs = [], resourceNames = [] } = rule;
  if ((rule.nonResourceURLs ?? []).length > 0) return false;
  if (apiGroups.length === 0 || resources.length === 0 || verbs.length === 0) return false;
  const text = canonicalJson(rule);
  if (held.some((each) => canonicalJson(each) === text)) return true;
  const names = resourceNames.length === 0 ? [undefined] : resourceNames;
  if (apiGroups.length * resources.length * verbs.length * names.length > MAX_COMBINATIONS) return false;
  return apiGroups.every((group) => {
    const ofGroup = held.filter((each) => includes(each.apiGroups, group));
    return resources.every((resource) => {
      const ofResource = ofGroup.filter((each) => includesResource(each.resources, resource));
      return verbs.every((verb) => {
        const ofVerb = ofResource.filter((each) => includes(each.verbs, verb));
        return names.every((name) => ofVerb.some((each) => includesName(each.resourceNames, name)));
      });
    });
  });
}

/**
 * What is in both: rules that are wholly within `ceiling` as they are, and of others the part that is. The result gives
 * nothing that `wanted` or `ceiling` does not give.
 */
export function narrowed(wanted: readonly PolicyRule[], ceiling: readonly PolicyRule[]): PolicyRule[] {
  const result = new Map<string, PolicyRule>();
  for (const rule of wanted) {
    const parts = covers(ceiling, rule) ? [rule] : ceiling.flatMap((each) => shared(rule, each));
    for (const part of parts) result.set(canonicalJson(part), part);
  }
  return [...result.values()];
}

function shared(one: PolicyRule, other: PolicyRule): PolicyRule[] {
  const apiGroups = common(one.apiGroups, other.apiGroups, plainPair);
  const resources = common(one.resources, other.resources, resourcePair);
  const verbs = common(one.verbs, other.verbs, plainPair);
  const names = sharedNames(one.resourceNames, other.resourceNames);
  if (apiGroups.length === 0 || resources.length === 0 || verbs.length === 0 || names === "none") return [];
  return [{ apiGroups, resources, verbs, ...(names !== "any" && { resourceNames: names }) }];
}

type Pair = (a: string, b: string) => string | undefined;

function common(ones: readonly string[] = [], others: readonly string[] = [], pair: Pair): string[] {
  const found = ones.flatMap((a) => others.flatMap((b) => pair(a, b) ?? []));
  return [...new Set(found)];
}

const plainPair: Pair = (a, b) => a === b || b === "*" ? a : a === "*" ? b : undefined;

const resourcePair: Pair = (a, b) => plainPair(a, b) ?? (isWithin(a, b) ? a : isWithin(b, a) ? b : undefined);

// A pattern that begins with an asterisk and a slash means the subresource of every resource.
function isWithin(resource: string, pattern: string): boolean {
  return pattern.startsWith("*/") && resource.includes("/") &&
    resource.slice(resource.indexOf("/")) === pattern.slice(1);
}

function sharedNames(
  ones: readonly string[] = [],
  others: readonly string[] = [],
): string[] | "any" | "none" {
  if (ones.length === 0) return others.length === 0 ? "any" : [...others];
  if (others.length === 0) return [...ones];
  const both = ones.filter((name) => others.includes(name));
  return both.length === 0 ? "none" : both;
}

function includes(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes(value) || list.includes("*"));
}

function includesResource(list: readonly string[] | undefined, resource: string): boolean {
  return includes(list, resource) || (list ?? []).some((pattern) => isWithin(resource, pattern));
}

function includesName(list: readonly string[] | undefined, name: string | undefined): boolean {
  return list === undefined || list.length === 0 || (name !== undefined && list.includes(name));
}
