/** ServiceAccounts of pods: made, given up, and deleted once no pod runs as them. */
import { ServiceAccounts } from "../../api/kubernetes/resources.ts";
import type { ServiceAccount } from "../../api/kubernetes/types.ts";
import { keyOf, type KubeObject } from "../../api/object.ts";
import { APPLIED_ANNOTATION } from "../../kube/applier.ts";
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import { isNotFound } from "../../kube/errors.ts";
import type { PassState, Tools } from "../pass/step.ts";
import { applyChild } from "./apply_child.ts";
import { rolloutOf } from "./rollout.ts";

type Labels = Readonly<Record<string, string>>;

/**
 * Makes `desired`, or gives up those that were made where it is undefined. `labels`: what all of them carry, whatever
 * others the user adds.
 */
export async function keepServiceAccount(
  pass: PassState,
  tools: Tools,
  desired: ServiceAccount | undefined,
  labels: Labels,
): Promise<void> {
  if (desired === undefined) {
    for (const account of owned(pass, tools)) await letGo(account, pass, tools);
    return;
  }
  await applyChild(ServiceAccounts, desired, pass, tools, { isOurs: (live) => wasLetGo(live, labels) });
}

/** Deletes ServiceAccounts of earlier names, once no pod runs as them any more. `current`: the one of the spec. */
export async function removeOldServiceAccounts(
  pass: PassState,
  tools: Tools,
  current: string | undefined,
  labels: Labels,
): Promise<void> {
  const { deployment, object, signal } = pass;
  if (deployment === undefined || !rolloutOf(deployment).complete) return;
  const inUse = [current, deployment.spec?.template.spec?.serviceAccountName];
  for (const account of owned(pass, tools)) {
    if (inUse.includes(account.metadata.name) || !carries(account, labels)) continue;
    if (await tools.applier.deleteOwned(ServiceAccounts, keyOf(account), object, signal)) {
      const note = `Deleted ServiceAccount ${account.metadata.name}: no pod uses it any more`;
      tools.events.event(object, "Normal", "Deleted", note, "Delete");
    }
  }
}

function owned({ key, object }: PassState, { kinds }: Tools): ServiceAccount[] {
  return kinds.serviceAccounts.list({ namespace: key.namespace }).filter((each) =>
    isControlledBy(each, object)
  );
}

/** Takes our owner reference away and leaves everything else. */
async function letGo(account: ServiceAccount, { object, signal }: PassState, tools: Tools): Promise<void> {
  const uid = object.metadata.uid ?? "";
  const index = (account.metadata.ownerReferences ?? []).findIndex((reference) => reference.uid === uid);
  const path = `/metadata/ownerReferences/${index}`;
  try {
    const stored = await tools.client.patch(ServiceAccounts, keyOf(account), {
      type: "json",
      body: [{ op: "test", path: `${path}/uid`, value: uid }, { op: "remove", path }],
    }, { signal });
    tools.kinds.serviceAccounts.observe(stored);
  } catch (error) {
    if (isNotFound(error)) return;
    throw error;
  }
  const note = `ServiceAccount ${account.metadata.name} is no longer the operator's: creation is disabled`;
  tools.events.event(object, "Normal", "Released", note, "Release");
}

/** One that was once made for this object and given up again, so that it may have it back. */
function wasLetGo(live: KubeObject, labels: Labels): boolean {
  return live.metadata.annotations?.[APPLIED_ANNOTATION] !== undefined && carries(live, labels);
}

function carries({ metadata }: KubeObject, labels: Labels): boolean {
  return Object.entries(labels).every(([name, value]) => metadata.labels?.[name] === value);
}
