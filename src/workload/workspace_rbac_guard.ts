/**
 * Which rules a control plane may add for its workspaces. Whoever may write a control plane decides on them, and need not
 * hold them, so they must not lead further than workspaces need.
 *
 * Refused is what reaches Secrets, tokens of ServiceAccounts, RBAC, this product's own resources (the operator acts on
 * them with its rights) and the verbs that lead to the rights of others. `pods/exec`, `pods/attach` and
 * `pods/portforward` are not refused: rights are only granted where workspaces run, and who may create pods there can run
 * anything as any of the namespace's ServiceAccounts already. The API server still refuses what the operator does not hold.
 */
import type { PolicyRule } from "../api/kubernetes/types.ts";
import { matchesWildcard } from "./wildcard.ts";

/** Something that no rule may reach; an absent part means any. */
interface Forbidden {
  group?: string;
  resource?: RegExp;
  verb?: string;
  /** For people, after "it reaches". */
  what: string;
}

const FORBIDDEN: readonly Forbidden[] = [
  { group: "", resource: /^secrets(\/|$)/, what: "Secrets" },
  { group: "", resource: /^serviceaccounts\/token$/, what: "tokens of ServiceAccounts" },
  { group: "rbac.authorization.k8s.io", what: "Roles and RoleBindings" },
  { group: "authentication.k8s.io", what: "tokens and identities" },
  { group: "coder.com", what: "resources that the operator acts on with its own rights" },
  { verb: "escalate", what: 'the verb "escalate"' },
  { verb: "bind", what: 'the verb "bind"' },
  { verb: "impersonate", what: 'the verb "impersonate"' },
];

/** What stands for the forbidden resources where a rule has wildcards. */
const EXAMPLES: readonly string[] = ["secrets", "serviceaccounts/token"];

/** Group, resource and verb combinations that one rule may have. More is no rule but a load. */
export const MAX_COMBINATIONS = 10_000;

/** Why a rule is refused, to go after "it"; undefined where it is not. */
export function ruleRefusal(rule: PolicyRule): string | undefined {
  const { apiGroups = [], resources = [], verbs = [], nonResourceURLs = [], resourceNames = [] } = rule;
  if (nonResourceURLs.length > 0) return "names nonResourceURLs, which a Role cannot grant";
  if (apiGroups.length === 0 || resources.length === 0 || verbs.length === 0) {
    return "needs at least one of each of apiGroups, resources and verbs";
  }
  const combinations = apiGroups.length * resources.length * verbs.length * Math.max(1, resourceNames.length);
  if (combinations > MAX_COMBINATIONS) return `combines more than ${MAX_COMBINATIONS} rights`;
  const reached = FORBIDDEN.filter((each) => reaches(rule, each)).map(({ what }) => what);
  if (reached.length === 0) return undefined;
  const wildcard = [...apiGroups, ...resources, ...verbs].some((each) => each.includes("*"));
  return `reaches ${reached.join(", ")}${wildcard ? ": name what is needed in the place of *" : ""}`;
}

function reaches({ apiGroups = [], resources = [], verbs }: PolicyRule, forbidden: Forbidden): boolean {
  const { group, resource, verb } = forbidden;
  return (group === undefined || apiGroups.some((each) => matches(each, group))) &&
    (verb === undefined || verbs.some((each) => matches(each, verb))) &&
    (resource === undefined || resources.some((each) => reachesResource(each, resource)));
}

function reachesResource(pattern: string, resource: RegExp): boolean {
  return resource.test(plain(pattern)) ||
    EXAMPLES.some((example) => resource.test(example) && matches(pattern, example));
}

/** Kubernetes knows `*` alone and `*` before a subresource; any other place of it is taken for a wildcard too. */
function matches(pattern: string, value: string): boolean {
  return matchesWildcard(plain(pattern), value);
}

function plain(text: string): string {
  return text.trim().toLowerCase();
}
