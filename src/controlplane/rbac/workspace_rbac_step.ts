/**
 * Rights for workspaces: a Role and a RoleBinding in the control plane's namespace and in each of
 * `spec.rbac.workspaceNamespaces`. One namespace never holds up another, nor anything else of the control plane.
 */
import type { PolicyRule } from "../../api/kubernetes/types.ts";
import { covers, narrowed } from "../../workload/rule_cover.ts";
import { standardRules } from "../../workload/workspace_rbac.ts";
import { ruleRefusal } from "../../workload/workspace_rbac_guard.ts";
import { isHeld } from "../../operator/pass/finalizers.ts";
import { RBAC_FINALIZER } from "../finalizer.ts";
import { rbacOwner } from "./managed_rbac.ts";
import type { Trouble } from "../../operator/pass/report.ts";
import type { Pass, Step } from "../step.ts";
import { type GrantContext, grantIn, type NamedRule } from "./workspace_grant.ts";
import { type WorkspacePlace, workspacePlaces } from "./workspace_namespaces.ts";
import { prune } from "./workspace_prune.ts";
import { reportDisabled, reportRbac } from "./workspace_rbac_report.ts";
import { liveRights, rulesInForce } from "./workspace_rights.ts";

/** Grants what the spec asks for and may be granted, and takes back what was granted before and is not wanted any more. */
export const workspaceRbacStep: Step = {
  name: "WorkspaceRBAC",
  async run(pass, tools) {
    const owner = rbacOwner(pass.object);
    const context: GrantContext = { pass, tools, owner };
    if (!pass.controlPlane.spec.rbac.workspacePerms) {
      return reportDisabled(pass.report, await prune(new Map(), context));
    }
    const wishes = wishesOf(pass);
    const places = workspacePlaces(owner, {
      scope: tools.namespaces,
      allowed: tools.workspaceNamespaces,
      namespaces: tools.kinds.namespaces,
    });
    const live = liveRights(owner, tools.kinds);
    const results = await Promise.all(
      places.map((place) => settle(place, wishes, rulesInForce(live, owner, place.namespace), context)),
    );
    const problems = [
      ...refusals(wishes, results),
      ...results.flatMap((each) => each.problems),
      ...await prune(new Map(results.map((each) => [each.namespace, each.standing])), context),
    ];
    const granted = results.flatMap(({ namespace, standing }) => standing === "granted" ? [namespace] : []);
    const warnings = results.flatMap((each) => each.warnings);
    reportRbac(pass.report, { granted, problems, warnings, watched: tools.kinds.namespaces !== undefined });
  },
};

/** A rule that the spec asks for. */
interface Wish extends NamedRule {
  /** Why it is granted to nobody who does not have it already. */
  refusal: string | undefined;
}

function wishesOf({ controlPlane: { spec: { rbac } } }: Pass): Wish[] {
  const standard = standardRules(rbac.enableDeployments);
  return [
    ...standard.map((rule) => ({ rule, where: "the standard rules", refusal: undefined })),
    ...rbac.extraRules.map((rule, i) => ({
      rule,
      where: `spec.rbac.extraRules[${i}]`,
      refusal: ruleRefusal(rule),
    })),
  ];
}

/** What came of one namespace. */
interface Settled {
  namespace: string;
  /** Granted: our RBAC is there. None: it is not, and shall not be. Unknown: something went wrong. */
  standing: "granted" | "none" | "unknown";
  problems: Trouble[];
  warnings: Trouble[];
  /** Refused rules that are in force since before. */
  kept: readonly Wish[];
}

async function settle(
  place: WorkspacePlace,
  wishes: readonly Wish[],
  inForce: readonly PolicyRule[],
  context: GrantContext,
): Promise<Settled> {
  const { pass, owner } = context;
  const { namespace, right, because } = place;
  const result: Settled = { namespace, standing: "unknown", problems: [], warnings: [], kept: [] };
  if (right === "none") return because === undefined ? result : { ...result, problems: [because] };
  if (namespace !== owner.namespace && !isHeld(pass, RBAC_FINALIZER)) {
    const message =
      `namespace ${namespace} waits for the finalizer, without which nothing would be cleaned up`;
    return { ...result, problems: [{ reason: "Conflict", message }] };
  }
  if (right === "keep" && inForce.length === 0) {
    return { ...result, standing: "none", problems: because === undefined ? [] : [because] };
  }
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
  wishes: readonly Wish[],
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
function refusals(wishes: readonly Wish[], results: readonly Settled[]): Trouble[] {
  const tried = results.filter(({ standing }) => standing === "granted");
  return wishes.flatMap((wish) => {
    if (wish.refusal === undefined) return [];
    if (tried.length > 0 && tried.every(({ kept }) => kept.includes(wish))) return [];
    return [{ reason: "RulesRefused", message: `${wish.where} is not granted: it ${wish.refusal}` }];
  });
}
