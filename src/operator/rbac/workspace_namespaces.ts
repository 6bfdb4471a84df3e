/**
 * In which namespaces a control plane, or a provisioner, may be granted rights. Whoever may write one in one namespace must
 * not gain rights in another one that way: the other one has to opt in, or whoever runs the operator has to allow it.
 *
 * A consent that is taken back leaves what a control plane was granted (it looks like rights that the Go operator granted,
 * which nobody may lose by an upgrade): it is kept, warned of, and never widened. To end it, take the namespace out of
 * `spec.rbac.workspaceNamespaces`, or delete the RoleBinding: it is not made again.
 */
import type { Namespace } from "../../api/kubernetes/types.ts";
import { type Asker, isListed } from "../../workload/consent.ts";
import { matchesWildcard } from "../../workload/wildcard.ts";
import type { Trouble } from "../pass/report.ts";

/**
 * On a Namespace: who may be granted rights to run workspaces in it. As a label: the namespace of those who ask. As an
 * annotation: a list with commas of `namespace`, `namespace/name`, or `*` for all.
 */
export const WORKSPACES_FROM = "coder.com/workspaces-from";

/** What is known of the world. */
export interface NamespaceFacts {
  /** Namespaces that the operator works in; empty means all. */
  scope: readonly string[];
  /** Namespaces in which everybody may be granted rights; `*` is a wildcard. */
  allowed: readonly string[];
  /** Undefined where Namespaces cannot be read: then only `allowed` counts. */
  namespaces: { get(key: { namespace: string; name: string }): Namespace | undefined } | undefined;
}

/** One namespace that the spec asks for. */
export interface WorkspacePlace {
  namespace: string;
  /**
   * Grant: whatever the spec says. Keep: what is there already, at most. Deny: nothing may be there. None: nothing can be
   * done there.
   */
  right: "grant" | "keep" | "deny" | "none";
  /** Why it is not "grant". */
  because?: Trouble;
}

/** Whose rights these are, and which namespaces the spec names beside the control plane's own. */
export interface PlaceOwner extends Asker {
  readonly workspaceNamespaces: readonly string[];
}

/** The control plane's own namespace first, then the others in the order of the spec, each once. */
export function workspacePlaces(owner: PlaceOwner, facts: NamespaceFacts): WorkspacePlace[] {
  return [
    { namespace: owner.namespace, right: "grant" },
    ...otherNamespaces(owner).map((namespace) => placeOf(namespace, owner, facts)),
  ];
}

/** Those that the spec names beside the control plane's own, each once. */
export function otherNamespaces({ namespace, workspaceNamespaces }: PlaceOwner): string[] {
  const others = new Set(workspaceNamespaces.map((each) => each.trim()).filter((each) => each !== ""));
  others.delete(namespace);
  return [...others];
}

/** Whether rights may be granted in a namespace that is not the own one of whoever asks. */
export function placeOf(namespace: string, asker: Asker, facts: NamespaceFacts): WorkspacePlace {
  const not = (right: "keep" | "none", reason: string, message: string): WorkspacePlace => ({
    namespace,
    right,
    because: { reason, message },
  });
  if (facts.scope.length > 0 && !facts.scope.includes(namespace)) {
    return not(
      "none",
      "NamespaceOutOfScope",
      `the operator does not work in namespace ${namespace}: add it to the operator's --namespace`,
    );
  }
  const live = facts.namespaces?.get({ namespace: "", name: namespace });
  if (facts.namespaces !== undefined) {
    if (live === undefined) {
      return not("none", "NamespaceMissing", `namespace ${namespace} does not exist: create it`);
    }
    if (live.metadata.deletionTimestamp !== undefined) {
      return not("none", "NamespaceTerminating", `namespace ${namespace} is being deleted`);
    }
    if (hasOptedIn(live, asker)) return { namespace, right: "grant" };
  }
  if (facts.allowed.some((pattern) => matchesPattern(pattern, namespace))) {
    return { namespace, right: "grant" };
  }
  return not(
    "keep",
    "NamespaceNotAllowed",
    live === undefined
      ? `namespace ${namespace} is not among the operator's --workspace-namespaces`
      : `namespace ${namespace} has not opted in: ${howToOptIn(live, asker)}`,
  );
}

/** Who is let in already stays so, and is nobody else's business. */
function howToOptIn({ metadata: { name, labels, annotations } }: Namespace, asker: Asker): string {
  const consent = `${WORKSPACES_FROM}=${asker.namespace}`;
  if (labels?.[WORKSPACES_FROM] === undefined) return `kubectl label namespace ${name} ${consent}`;
  if (annotations?.[WORKSPACES_FROM] === undefined) return `kubectl annotate namespace ${name} ${consent}`;
  return `add ${asker.namespace} to its annotation ${WORKSPACES_FROM}`;
}

/** Whether a Namespace lets whoever asks be granted rights in it. */
export function hasOptedIn(
  { metadata: { labels = {}, annotations = {} } }: Namespace,
  asker: Asker,
): boolean {
  return labels[WORKSPACES_FROM] === asker.namespace || isListed(annotations[WORKSPACES_FROM], asker);
}

/**
 * `*` stands for any characters. Kubernetes' own namespaces (`kube-system` and the like) are never meant by a pattern that
 * does not begin with `kube-`.
 */
export function matchesPattern(pattern: string, namespace: string): boolean {
  if (namespace.startsWith("kube-") && !pattern.startsWith("kube-")) return false;
  return matchesWildcard(pattern, namespace);
}
