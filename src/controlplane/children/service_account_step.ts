/** The ServiceAccount of a control plane. */
import { keepServiceAccount, removeOldServiceAccounts } from "../../operator/children/service_account.ts";
import type { Step } from "../step.ts";
import { childIdentity, desiredServiceAccount } from "./children.ts";
import { serviceAccountName } from "./pod_template.ts";

/** Makes the ServiceAccount, or gives up those it made where `disableCreate` says so. */
export const serviceAccountStep: Step = {
  name: "ServiceAccount",
  async run(pass, tools) {
    const { controlPlane } = pass;
    const { disableCreate } = controlPlane.spec.serviceAccount;
    const desired = disableCreate ? undefined : desiredServiceAccount(controlPlane);
    await keepServiceAccount(pass, tools, desired, childIdentity(controlPlane).labels);
  },
};

/** Deletes ServiceAccounts of earlier names, once no pod runs as them any more. */
export const oldServiceAccountsStep: Step = {
  name: "OldServiceAccounts",
  async run(pass, tools) {
    const { controlPlane } = pass;
    const { labels } = childIdentity(controlPlane);
    await removeOldServiceAccounts(pass, tools, serviceAccountName(controlPlane), labels);
  },
};
