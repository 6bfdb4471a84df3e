/** Takes away what an earlier name left, once no pod uses it any more: see `leftovers_step.ts`. */
import { Secrets } from "../../api/kubernetes/resources.ts";
import { removeChild } from "../../operator/children/apply_child.ts";
import { removeOldServiceAccounts } from "../../operator/children/service_account.ts";
import { childLabels, serviceAccountName } from "../children.ts";
import type { Step } from "../step.ts";

/** ServiceAccounts that were made for this very provisioner. */
export const oldServiceAccountsStep: Step = {
  name: "OldServiceAccounts",
  async run(pass, tools) {
    const { provisioner } = pass;
    // While pods are ending that run as one of them, the others can wait, too.
    if (pass.unused === undefined || (pass.lingering ?? []).length > 0) return;
    await removeOldServiceAccounts(pass, tools, serviceAccountName(provisioner), childLabels(provisioner));
  },
};

/** Secrets that held its key. */
export const oldSecretsStep: Step = {
  name: "OldSecrets",
  async run(pass, tools) {
    const { key: { namespace } } = pass;
    for (const name of pass.unused?.secrets ?? []) {
      await removeChild(Secrets, { namespace, name }, pass, tools);
    }
  },
};
