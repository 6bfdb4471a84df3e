/**
 * What is left of earlier names, and whether pods still use it. A pod that was replaced has its grace period to finish a
 * build, long after the Deployment is done with it.
 */
import { Pods } from "../../api/kubernetes/resources.ts";
import type { Pod, RoleBinding } from "../../api/kubernetes/types.ts";
import type { KubeObject } from "../../api/object.ts";
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import { rolloutOf } from "../../operator/children/rollout.ts";
import { liveRights } from "../../operator/rbac/workspace_rights.ts";
import { selectorText } from "../../workload/labels.ts";
import { hasEnded } from "../../workload/provisioner_pods.ts";
import { referencesOf } from "../../workload/references.ts";
import { childLabels, keySecretName, serviceAccountName } from "../children.ts";
import { rbacOwner } from "../rbac.ts";
import type { Pass, Step, Tools } from "../step.ts";

/** How soon pods that are ending are looked for again, in milliseconds. */
const LOOK_AGAIN_MS = 30_000;

/** Looks for pods only where something of an earlier name is left, and the Deployment has no use for it any more. */
export const leftoversStep: Step = {
  name: "Leftovers",
  async run(pass, tools) {
    const { deployment, key: { namespace }, provisioner, signal } = pass;
    if (deployment === undefined || !rolloutOf(deployment).complete) return;
    const left = leftovers(pass, tools);
    if (left.accounts.length + left.secrets.length === 0) return;
    const labelSelector = selectorText(childLabels(provisioner));
    const { items } = await tools.client.list(Pods, { namespace, labelSelector, signal });
    const accounts = new Set(items.flatMap(accountOf));
    const secrets = new Set(items.flatMap(secretsOf));
    pass.unused = {
      accounts: left.accounts.filter((name) => !accounts.has(name)),
      secrets: left.secrets.filter((name) => !secrets.has(name)),
    };
    pass.lingering = left.accounts.filter((name) => accounts.has(name));
    const unused = pass.unused.accounts.length + pass.unused.secrets.length;
    if (unused < left.accounts.length + left.secrets.length) pass.report.lookAgain(LOOK_AGAIN_MS);
  },
};

/** Names of ServiceAccounts and of Secrets of ours that neither the spec nor the Deployment's pods have. */
function leftovers(pass: Pass, { kinds }: Tools): { accounts: string[]; secrets: string[] } {
  const { deployment, key: { namespace }, object, provisioner } = pass;
  const template = deployment?.spec?.template ?? {};
  const labels = childLabels(provisioner);
  const ours = (objects: readonly KubeObject[]) =>
    objects.filter((each) => isControlledBy(each, object)).map(({ metadata: { name = "" } }) => name);
  const bound = liveRights(rbacOwner(object), kinds).bindings.flatMap(accountsOfBinding);
  const accounts = new Set([...ours(kinds.serviceAccounts.list({ namespace, labels })), ...bound]);
  accounts.delete(serviceAccountName(provisioner));
  accounts.delete(template.spec?.serviceAccountName ?? "");
  const secrets = new Set(ours(kinds.secrets.list({ namespace, labels })));
  secrets.delete(keySecretName(provisioner));
  for (const { kind, name } of referencesOf(template)) if (kind === "Secret") secrets.delete(name);
  return { accounts: [...accounts], secrets: [...secrets] };
}

function accountsOfBinding({ subjects = [] }: RoleBinding): string[] {
  return subjects.filter(({ kind }) => kind === "ServiceAccount").map(({ name }) => name);
}

function accountOf(pod: Pod): string[] {
  const { serviceAccountName } = pod.spec ?? {};
  return hasEnded(pod) || serviceAccountName === undefined ? [] : [serviceAccountName];
}

function secretsOf(pod: Pod): string[] {
  if (hasEnded(pod) || pod.spec === undefined) return [];
  return referencesOf({ spec: pod.spec }).flatMap(({ kind, name }) => kind === "Secret" ? [name] : []);
}
