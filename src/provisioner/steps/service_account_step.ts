/** The ServiceAccount of a provisioner's pods. */
import { keepServiceAccount } from "../../operator/children/service_account.ts";
import { childLabels, desiredServiceAccount } from "../children.ts";
import type { Step } from "../step.ts";

/** Makes the ServiceAccount, or gives up those it made where `disableCreate` says so. */
export const serviceAccountStep: Step = {
  name: "ServiceAccount",
  async run(pass, tools) {
    const { provisioner } = pass;
    await keepServiceAccount(pass, tools, desiredServiceAccount(provisioner), childLabels(provisioner));
  },
};
