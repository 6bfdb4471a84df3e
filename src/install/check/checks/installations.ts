/** Is there an installation already, whose, and is it the only one? */
import { z } from "zod";
import { sayings } from "../finding.ts";
import { deployment, listOf } from "../shapes.ts";
import { API_SERVICE, DEPLOYMENTS, OPERATOR } from "../names.ts";
import type { Check } from "../types.ts";

const say = sayings("installations");
const apiService = z.object({ spec: z.object({ insecureSkipTLSVerify: z.boolean().catch(false) }) });

export const installations: Check = {
  id: "installations",
  phases: ["before", "after"],
  async run(world) {
    const reading = await world.read(DEPLOYMENTS, listOf(deployment));
    if (reading.state === "unread") return [say.unread("Deployments of all namespaces", reading)];
    const all = reading.state === "seen" ? [...reading.value.items] : [];
    // One without our label, of that name: somebody else's manifests of the same product.
    const named = await world.read(
      `/apis/apps/v1/namespaces/${world.namespace}/deployments/${OPERATOR}`,
      deployment,
    );
    if (named.state === "seen" && !all.some(({ metadata }) => metadata.namespace === world.namespace)) {
      all.push(named.value);
    }
    const elsewhere = [...new Set(all.map(({ metadata }) => metadata.namespace))]
      .filter((namespace) => namespace !== world.namespace);
    if (elsewhere.length > 0) {
      return [
        say.failed(
          `Another installation is in ${elsewhere.join(", ")}: two of them would register one API.`,
          `Look at that one (coder-k8s check --namespace=${
            elsewhere[0]
          }), or remove it first: coder-k8s uninstall --namespace=${elsewhere[0]}`,
        ),
      ];
    }
    if (all.length === 0) {
      return world.phase === "before" ? [say.ok("Nothing is installed yet.")] : [
        say.failed(
          `There is no Deployment labelled app=coder-k8s in ${world.namespace}.`,
          "Install it: coder-k8s install",
        ),
      ];
    }
    const registered = await world.read(
      `/apis/apiregistration.k8s.io/v1/apiservices/${API_SERVICE}`,
      apiService,
    );
    const isGo = registered.state === "seen" && registered.value.spec.insecureSkipTLSVerify;
    if (world.phase === "before" || isGo) {
      return [
        say.ok(
          isGo
            ? `The Go operator's installation in ${world.namespace} is taken over in place when you install.`
            : `There is an installation in ${world.namespace}: installing upgrades it.`,
        ),
      ];
    }
    return [say.ok(`It is installed in ${world.namespace}, and nowhere else.`)];
  },
};
