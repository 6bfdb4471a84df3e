/** The ServiceAccount of a control plane: made, let go, and removed once its successor is in use. */
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { ServiceAccounts } from "../../api/kubernetes/resources.ts";
import type { ServiceAccount } from "../../api/kubernetes/types.ts";
import { keyOf, type KubeObject } from "../../api/object.ts";
import { APPLIED_ANNOTATION } from "../../kube/applier.ts";
import { isNotFound } from "../../kube/errors.ts";
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import { standardLabels } from "../../workload/labels.ts";
import { recordApply } from "./child_events.ts";
import { desiredServiceAccount } from "./children.ts";
import { serviceAccountName } from "./pod_template.ts";
import { rolloutOf } from "./rollout.ts";
import type { Pass, Step, Tools } from "../step.ts";

/** Makes the ServiceAccount, or gives up those it made where `disableCreate` says so. */
export const serviceAccountStep: Step = {
  name: "ServiceAccount",
  async run(pass, tools) {
    const { controlPlane, object, signal } = pass;
    if (controlPlane.spec.serviceAccount.disableCreate) {
      for (const account of owned(pass, tools)) await letGo(account, pass, tools);
      return;
    }
    const desired = desiredServiceAccount(controlPlane);
    const { outcome } = await tools.applier.apply(ServiceAccounts, desired, {
      owner: object,
      ownerType: CoderControlPlanes,
      isOurs: (live) => wasLetGo(live, pass),
      signal,
    });
    recordApply(tools.events, object, desired, outcome);
  },
};

/** Deletes ServiceAccounts of earlier names, once no pod runs as them any more. */
export const oldServiceAccountsStep: Step = {
  name: "OldServiceAccounts",
  async run(pass, tools) {
    const { controlPlane, deployment, object, signal } = pass;
    if (deployment === undefined || !rolloutOf(deployment).complete) return;
    const inUse = [serviceAccountName(controlPlane), deployment.spec?.template.spec?.serviceAccountName];
    for (const account of owned(pass, tools)) {
      if (inUse.includes(account.metadata.name) || !carries(account, standard(pass))) continue;
      if (await tools.applier.deleteOwned(ServiceAccounts, keyOf(account), object, signal)) {
        const note = `Deleted ServiceAccount ${account.metadata.name}: no pod uses it any more`;
        tools.events.event(object, "Normal", "Deleted", note, "Delete");
      }
    }
  },
};

function owned({ key, object }: Pass, { kinds }: Tools): ServiceAccount[] {
  return kinds.serviceAccounts.list({ namespace: key.namespace }).filter((each) =>
    isControlledBy(each, object)
  );
}

/** Takes our owner reference away and leaves everything else. */
async function letGo(account: ServiceAccount, { object, signal }: Pass, tools: Tools): Promise<void> {
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

/** One that this control plane once made and gave up again, so that it may have it back. */
function wasLetGo(live: KubeObject, pass: Pass): boolean {
  return live.metadata.annotations?.[APPLIED_ANNOTATION] !== undefined && carries(live, standard(pass));
}

function standard({ key }: Pass): Record<string, string> {
  return standardLabels("coder-control-plane", key.name);
}

function carries({ metadata }: KubeObject, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([name, value]) => metadata.labels?.[name] === value);
}
