/** Rules of RBAC, compared right by right. */
import { z } from "zod";

const words = z.array(z.string()).nullish().transform((list) => list ?? []);

/** A rule, as in a Role. */
export const policyRule = z.object({
  apiGroups: words,
  resources: words,
  verbs: words,
  resourceNames: words,
  nonResourceURLs: words,
});
export type PolicyRule = z.infer<typeof policyRule>;

interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** Empty: of any name. */
  readonly name: string;
}

/** Rights of `wanted` that `granted` has not, in words: `get secrets`, `patch deployments.apps`. */
export function missingRights(
  wanted: readonly PolicyRule[],
  granted: readonly PolicyRule[],
): readonly string[] {
  return wanted.flatMap(rightsOf).filter((right) => !granted.some((rule) => grants(rule, right))).map(text);
}

function rightsOf({ apiGroups, resources, verbs, resourceNames }: PolicyRule): Right[] {
  const names = resourceNames.length === 0 ? [""] : resourceNames;
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) => names.map((name) => ({ verb, group, resource, name })))
    )
  );
}

function grants(rule: PolicyRule, { verb, group, resource, name }: Right): boolean {
  return has(rule.verbs, verb) && has(rule.apiGroups, group) && hasResource(rule.resources, resource) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(name));
}

function has(list: readonly string[], value: string): boolean {
  return list.includes("*") || list.includes(value);
}

function hasResource(list: readonly string[], resource: string): boolean {
  const slash = resource.indexOf("/");
  return has(list, resource) || (slash >= 0 && list.includes(`*${resource.slice(slash)}`));
}

function text({ verb, group, resource, name }: Right): string {
  return `${verb} ${resource}${group === "" ? "" : `.${group}`}${name === "" ? "" : ` ${name}`}`;
}
