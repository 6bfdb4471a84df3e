/**
 * Rights for workspaces: a Role and a RoleBinding in each place where the spec wants them. One namespace never holds up
 * another, nor anything else of the object.
 */
import type { PolicyRule } from "../../api/kubernetes/types.ts";
import { covers, narrowed } from "../../workload/rule_cover.ts";
import { isHeld } from "../pass/finalizers.ts";
import type { Trouble } from "../pass/report.ts";
import type { PassState, Tools } from "../pass/step.ts";
import type { RbacOwner } from "./managed_rbac.ts";
import type { WantedRule } from "./wanted_rules.ts";
import { type GrantContext, grantIn } from "./workspace_grant.ts";
import type { WorkspacePlace } from "./workspace_namespaces.ts";
import { prune } from "./workspace_prune.ts";
import { reportDisabled, reportRbac } from "./workspace_rbac_report.ts";
import { liveRights, rulesInForce } from "./workspace_rights.ts";

/** What the ServiceAccount of an object is to be granted. */
export type WorkspaceRights = Granting & (WantedRights | NoRights);

interface Granting {
  readonly owner: RbacOwner;
  /** Holds the object before anything is granted in other namespaces, where nothing but it sees to the end of that. */
  readonly finalizer: string;
  /** ServiceAccounts that pods still run as, beside those of the Deployment. @default none is known */
  readonly accounts?: readonly string[];
}

interface WantedRights {
  readonly rules: readonly WantedRule[];
  readonly places: readonly RuledPlace[];
}

/** A place, and the rules wanted there. */
export interface RuledPlace extends WorkspacePlace {
  /** @default {those that are wanted everywhere} */
  readonly rules?: readonly WantedRule[];
}

interface NoRights {
  /** Why nothing is granted; the condition says it. */
  readonly disabled: Trouble;
}

/**
 * Grants what is wanted and may be granted, takes back what was granted before and is not wanted any more, and says in
 * the condition `WorkspaceRBAC` what came of it. Never throws but on abort.
 */
export async function keepWorkspaceRbac(
  rights: WorkspaceRights,
  pass: PassState,
  tools: Tools,
): Promise<void> {
  const { owner, finalizer, accounts = [] } = rights;
  const context: GrantContext = { pass, tools, owner };
  if ("disabled" in rights) {
    return reportDisabled(pass.report, rights.disabled, await prune(new Map(), accounts, context));
  }
  const { rules, places } = rights;
  const live = liveRights(owner, tools.kinds);
  const results = await Promise.all(
    places.map((place) =>
      settle(place, place.rules ?? rules, rulesInForce(live, owner, place.namespace), finalizer, context)
    ),
  );
  const problems = [
    ...refusals(rules, results),
    ...results.flatMap((each) => each.problems),
    ...await prune(new Map(results.map((each) => [each.namespace, each.standing])), accounts, context),
  ];
  const granted = results.flatMap(({ namespace, standing }) => standing === "granted" ? [namespace] : []);
  const warnings = results.flatMap((each) => each.warnings);
  reportRbac(pass.report, { granted, problems, warnings, watched: tools.kinds.namespaces !== undefined });
}

/** What came of one namespace. */
interface Settled {
  namespace: string;
  /** Granted: our RBAC is there. None: it is not, and shall not be. Unknown: something went wrong. */
  standing: "granted" | "none" | "unknown";
  problems: Trouble[];
  warnings: Trouble[];
  /** Refused rules that are in force since before. */
  kept: readonly WantedRule[];
}

async function settle(
  place: WorkspacePlace,
  wishes: readonly WantedRule[],
  inForce: readonly PolicyRule[],
  finalizer: string,
  context: GrantContext,
): Promise<Settled> {
  const { pass, owner } = context;
  const { namespace, right, because } = place;
  const reasons = because === undefined ? [] : [because];
  const result: Settled = { namespace, standing: "unknown", problems: [], warnings: [], kept: [] };
  if (right === "none") return { ...result, problems: reasons };
  if (right === "deny") return { ...result, standing: "none", problems: reasons };
  if (namespace !== owner.namespace && !isHeld(pass, finalizer)) {
    const message =
      `namespace ${namespace} waits for the finalizer, without which nothing would be cleaned up`;
    return { ...result, problems: [{ reason: "Conflict", message }] };
  }
  if (right === "keep" && inForce.length === 0) return { ...result, standing: "none", problems: reasons };
  const rules = wishes.flatMap(({ rule, where, refusal }) =>
    granted(rule, right === "grant" && refusal === undefined, inForce).map((each) => ({ rule: each, where }))
  );
  const { granted: done, problem } = await grantIn(namespace, rules, right === "grant", context);
  if (done) result.standing = "granted";
  if (problem !== undefined) result.problems.push(problem);
  result.kept = wishes.filter(({ rule, refusal }) => refusal !== undefined && covers(inForce, rule));
  if (result.kept.length > 0) result.warnings.push(keptRules(result));
  if (right === "keep" && because !== undefined) explainKept(result, wishes, inForce, because);
  return result;
}

/** Rules that may not be granted anew stay as far as they are in force. */
function granted(rule: PolicyRule, allowed: boolean, inForce: readonly PolicyRule[]): PolicyRule[] {
  return allowed ? [rule] : narrowed([rule], inForce);
}

function keptRules({ namespace, kept }: Settled): Trouble {
  const rules = kept.map(({ where, refusal }) => `${where} (it ${refusal})`).join(", ");
  return {
    reason: "WorkspaceRulesKept",
    message:
      `In namespace ${namespace} these rules are kept because they were granted before, and would be ` +
      `granted to nobody today: ${rules}. Remove them`,
  };
}

function explainKept(
  result: Settled,
  wishes: readonly WantedRule[],
  inForce: readonly PolicyRule[],
  because: Trouble,
): void {
  const { namespace } = result;
  result.warnings.push({
    reason: "WorkspaceNamespaceNotAllowed",
    message:
      `The rights in namespace ${namespace} are kept because they were granted before, and are never ` +
      `widened: ${because.message}`,
  });
  const more = wishes.filter(({ rule, refusal }) => refusal === undefined && !covers(inForce, rule));
  if (more.length === 0) return;
  const wheres = [...new Set(more.map(({ where }) => where))].join(", ");
  result.problems.push({
    reason: because.reason,
    message:
      `namespace ${namespace} keeps the rights that were granted there before and gets no more (${wheres}): ` +
      because.message,
  });
}

/** One line for each rule that is refused, wherever it is not in force since before. */
function refusals(wishes: readonly WantedRule[], results: readonly Settled[]): Trouble[] {
  const tried = results.filter(({ standing }) => standing === "granted");
  return wishes.flatMap((wish) => {
    if (wish.refusal === undefined) return [];
    if (tried.length > 0 && tried.every(({ kept }) => kept.includes(wish))) return [];
    return [{ reason: "RulesRefused", message: `${wish.where} is not granted: it ${wish.refusal}` }];
  });
}
