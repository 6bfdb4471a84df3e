/** The control plane of a provisioner, and the operator's token for its Coder. */
import { keyText } from "../../api/object.ts";
import type { Visit, VisitStep } from "./visit.ts";

const ACCESS = "OperatorAccessReady";

/** Finds both, and tells what is missing. Costs Coder a request seldom: for its id. */
export const accessStep: VisitStep = {
  name: "Access",
  async run(visit, { access }) {
    const { controlPlane, report, signal } = visit;
    if (!controlPlane.found) {
      const { message, reason } = controlPlane;
      report.condition({
        type: "ControlPlaneReady",
        status: "False",
        reason: "ControlPlaneUnavailable",
        message,
      });
      report.condition({ type: ACCESS, status: "Unknown", reason: "ControlPlaneUnavailable", message });
      report.trouble({ reason, message });
      visit.closed = message;
      return;
    }
    const name = keyText(controlPlane.key);
    report.condition({
      type: "ControlPlaneReady",
      status: "True",
      reason: "ControlPlaneAvailable",
      message: `CoderControlPlane ${name} is there`,
    });
    const operator = await access.open(controlPlane, signal);
    const { reason, message } = operator;
    report.condition({ type: ACCESS, status: operator.ready ? "True" : "False", reason, message });
    if (!operator.ready) {
      visit.closed = message;
      // While a control plane starts, that is the way of things; and where it has lost its access, it says so itself.
      if (reason !== "OperatorAccessNotReady") report.trouble({ reason, message });
      return;
    }
    const { coder } = operator;
    const { client, credentials, tokenSecret: { key, secret } } = coder;
    const deploymentId = await coder.deploymentId(signal);
    visit.coder = coder;
    visit.place = { controlPlane: name, deploymentId, credential: credentials, client };
    visit.home = {
      ...visit.home,
      deploymentId,
      url: controlPlane.url,
      tokenSecret: { name: secret.name, key },
    };
  },
};

/** The home of keys that are wanted, as far as the spec tells it. */
export function namedHome({ controlPlane }: Pick<Visit, "controlPlane">): Visit["home"] {
  const { key: { namespace, name } } = controlPlane;
  return { namespace, name, ...(controlPlane.found && { url: controlPlane.url }) };
}
