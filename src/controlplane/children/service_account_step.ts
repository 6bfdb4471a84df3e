/** The ServiceAccount of a control plane. */
import { keepServiceAccount, removeOldServiceAccounts } from "../../operator/children/service_account.ts";
import { standardLabels } from "../../workload/labels.ts";
import type { Pass, Step } from "../step.ts";
import { desiredServiceAccount } from "./children.ts";
import { serviceAccountName } from "./pod_template.ts";

/** Makes the ServiceAccount, or gives up those it made where `disableCreate` says so. */
export const serviceAccountStep: Step = {
  name: "ServiceAccount",
  async run(pass, tools) {
    const { controlPlane } = pass;
    const { disableCreate } = controlPlane.spec.serviceAccount;
    const desired = disableCreate ? undefined : desiredServiceAccount(controlPlane);
    await keepServiceAccount(pass, tools, desired, labels(pass));
  },
};

/** Deletes ServiceAccounts of earlier names, once no pod runs as them any more. */
export const oldServiceAccountsStep: Step = {
  name: "OldServiceAccounts",
  async run(pass, tools) {
    await removeOldServiceAccounts(pass, tools, serviceAccountName(pass.controlPlane), labels(pass));
  },
};

function labels({ key }: Pass): Record<string, string> {
  return standardLabels("coder-control-plane", key.name);
}
