/** Puts the Role and the RoleBinding of one namespace in place. */
import { RoleBindings, Roles, SelfSubjectRulesReviews } from "../../api/kubernetes/resources.ts";
import type { PolicyRule, Role, RoleBinding } from "../../api/kubernetes/types.ts";
import { keyOf, type KubeObject, type ResourceType } from "../../api/object.ts";
import type { Informer } from "../../kube/informer.ts";
import { canonicalJson } from "../../kube/apply/canonical_json.ts";
import { isConflict, isForbidden, isNotFound, KubeApiError } from "../../kube/errors.ts";
import { covers } from "../../workload/rule_cover.ts";
import { desiredRole, desiredRoleBinding, namesIn } from "../../workload/workspace_rbac.ts";
import { recordApply } from "../children/child_events.ts";
import { stepFailure } from "../pass/failure.ts";
import type { Trouble } from "../pass/report.ts";
import type { PassState, Tools } from "../pass/step.ts";
import { isInherited, isManagedBinding, isManagedRole, type RbacOwner } from "./managed_rbac.ts";
import type { NamedRule } from "./wanted_rules.ts";

/** What a grant works with. */
export interface GrantContext {
  pass: PassState;
  tools: Tools;
  owner: RbacOwner;
}

/** What came of it. */
export interface GrantResult {
  /** The Role and its binding are there. */
  granted: boolean;
  problem?: Trouble;
}

/** Applies both. `takeOver` allows to take what an earlier object of the name left there. Never throws but on abort. */
export async function grantIn(
  namespace: string,
  rules: readonly NamedRule[],
  takeOver: boolean,
  context: GrantContext,
): Promise<GrantResult> {
  const { pass, tools } = context;
  try {
    const problem = await grantRole(namespace, rules, takeOver, context);
    await grantBinding(namespace, takeOver, context);
    return { granted: true, ...(problem && { problem }) };
  } catch (error) {
    pass.signal.throwIfAborted();
    return { granted: false, problem: problemOf(error, namespace, tools) };
  }
}

/** What is told where not everything could be granted. */
async function grantRole(
  namespace: string,
  rules: readonly NamedRule[],
  takeOver: boolean,
  context: GrantContext,
): Promise<Trouble | undefined> {
  const { owner, tools } = context;
  const isOurs = (live: KubeObject) =>
    isManagedRole(live as Role, owner) || (takeOver && isInherited(live, owner));
  const role = (granted: readonly NamedRule[]) =>
    desiredRole(owner, namespace, granted.map(({ rule }) => rule));
  try {
    await apply(Roles, role(rules), isOurs, context);
    return undefined;
  } catch (error) {
    if (!isForbidden(error) || isTerminating(error)) throw error;
    const live = tools.kinds.roles.get({ namespace, name: namesIn(owner, namespace).roleName });
    const inForce = live !== undefined && isManagedRole(live, owner) ? live.rules ?? [] : [];
    // What is there may hold more than the operator does: then it can only be left as it is.
    if (inForce.length > 0 && rules.every(({ rule }) => covers(inForce, rule))) return undefined;
    const held = await heldRules(namespace, context);
    const lacking = rules.filter(({ rule }) => !covers(held, rule));
    const granted = rules.filter(({ rule }) => covers(held, rule));
    const loses = lacking.some(({ rule }) => covers(inForce, rule));
    if (lacking.length === 0 || granted.length === 0 || loses) throw error;
    await apply(Roles, role(granted), isOurs, context);
    return {
      reason: "Forbidden",
      message: `in namespace ${namespace} the operator does not hold ${
        lacking.map(({ where }) => where).join(", ")
      } itself, and so cannot grant it: add the rights to its ClusterRole, or remove the rules`,
    };
  }
}

/** A binding's `roleRef` cannot be changed: one of ours that refers to something else is made anew. */
async function grantBinding(namespace: string, takeOver: boolean, context: GrantContext): Promise<void> {
  const { owner, tools } = context;
  const isOurs = (live: KubeObject) =>
    isManagedBinding(live as RoleBinding, owner) || (takeOver && isInherited(live, owner));
  const desired = desiredRoleBinding(owner, namespace);
  const live = tools.kinds.roleBindings.get(keyOf(desired));
  if (live !== undefined && isOurs(live) && !sameRole(live, desired)) {
    await removeExactly(RoleBindings, live, tools.kinds.roleBindings, context);
  }
  try {
    await apply(RoleBindings, desired, isOurs, context);
  } catch (error) {
    // As with Roles: who does not hold what the Role gives cannot write its binding, and need not.
    if (!isForbidden(error) || live === undefined || !isOurs(live) || !bindsTheSame(live, desired)) {
      throw error;
    }
  }
}

function sameRole({ roleRef: a }: RoleBinding, { roleRef: b }: RoleBinding): boolean {
  return a.kind === b.kind && a.name === b.name && a.apiGroup === b.apiGroup;
}

function bindsTheSame(live: RoleBinding, desired: RoleBinding): boolean {
  return sameRole(live, desired) && canonicalJson(live.subjects) === canonicalJson(desired.subjects);
}

async function apply<T extends Role | RoleBinding>(
  type: ResourceType<T>,
  desired: T,
  isOurs: (live: KubeObject) => boolean,
  { pass: { kind, object, key, signal }, tools }: GrantContext,
): Promise<void> {
  // Owner references do not reach into other namespaces: there the finalizer cleans up.
  const own = desired.metadata.namespace === key.namespace ? { owner: object, ownerType: kind.type } : {};
  const { outcome } = await tools.applier.apply(type, desired, { ...own, isOurs, signal });
  const { namespace, name } = desired.metadata;
  recordApply(
    tools.events,
    object,
    { kind: desired.kind, metadata: { name: `${namespace}/${name}` } },
    outcome,
  );
}

/** Deletes the object as it was seen. Returns false where it is gone, or changed meanwhile. */
export async function removeExactly<T extends KubeObject>(
  type: ResourceType<T>,
  live: T,
  informer: Pick<Informer<T>, "observeDeleted">,
  { pass: { signal }, tools }: Pick<GrantContext, "pass" | "tools">,
): Promise<boolean> {
  const { uid, resourceVersion, finalizers = [] } = live.metadata;
  try {
    await tools.client.delete(type, keyOf(live), {
      signal,
      preconditions: { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) },
    });
  } catch (error) {
    if (isNotFound(error)) informer.observeDeleted(live);
    else if (!isConflict(error)) throw error;
    return false;
  }
  if (finalizers.length === 0) informer.observeDeleted(live);
  return true;
}

/** What the operator itself holds in a namespace. Empty where the API server does not say. */
async function heldRules(
  namespace: string,
  { pass: { signal }, tools }: GrantContext,
): Promise<PolicyRule[]> {
  const { status } = await tools.client.create(SelfSubjectRulesReviews, {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectRulesReview",
    metadata: {},
    spec: { namespace },
  }, { signal });
  return status?.resourceRules ?? [];
}

/** Sorts a failure in one namespace. */
export function problemOf(error: unknown, namespace: string, tools: Pick<Tools, "redact">): Trouble {
  if (isTerminating(error)) {
    return { reason: "NamespaceTerminating", message: `namespace ${namespace} is being deleted` };
  }
  if (isNotFound(error)) {
    return {
      reason: "NamespaceMissing",
      message: `namespace ${namespace} does not exist: create it`,
    };
  }
  const { reason, message } = stepFailure("", error, tools.redact);
  return { reason, message: `in namespace ${namespace}: ${message}` };
}

/** Nothing can be created in a namespace that is going; the API server says so with 403. */
function isTerminating(error: unknown): boolean {
  if (!(error instanceof KubeApiError) || error.code !== 403) return false;
  const causes = (error.details as { causes?: unknown } | undefined)?.causes;
  return Array.isArray(causes) &&
    causes.some((cause: { reason?: unknown } | null) => cause?.reason === "NamespaceTerminating");
}
