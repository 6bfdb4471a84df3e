/** Proxies that run, and that Coder does not get on with. */
import type { KubeFailure } from "./kube_failure.ts";

/** Coder looks at its proxies, and finds this. */
function found(status: "unreachable" | "unregistered", failure: Pick<KubeFailure, "says">): KubeFailure {
  return {
    ...failure,
    id: `proxy-${status}`,
    where: "kubernetes",
    subject: "proxy",
    // It is one that runs.
    touches: ["pod", "coder"],
    rule: `proxy-${status}`,
    quotes: new RegExp(`status: ${status}`),
    // A proxy that has just begun is given time.
    laterMs: 120_000,
    async inject(lab, name) {
      await lab.make("proxy", name);
      await lab.condition("CoderWorkspaceProxy", name, "Registered", "True");
      for (const proxy of lab.coder.state.proxies) proxy.status = status;
      return name;
    },
  };
}

export const PROXIES: readonly KubeFailure[] = [
  found("unreachable", { says: /^Coder does not reach workspace proxy \S+ at https:\/\// }),
  found("unregistered", { says: /^No pod of workspace proxy \S+ has called Coder/ }),
];
