/** Failures of the product itself: they are everybody's, and come last. */
import { waitFor } from "../../cluster/mod.ts";
import { behindIngress, exposed } from "./exposure.ts";
import type { Ground } from "./ground.ts";
import type { KubeFailure } from "./kube_failure.ts";
import type { Lab } from "./lab.ts";

/** `prepare` makes the subject; `begin` breaks what is around it, once all subjects are there. In this order. */
export interface PlatformFailure extends KubeFailure {
  begin(ground: Ground): Promise<void>;
  end(ground: Ground): Promise<void>;
}

const nothing = () => Promise.resolve();

async function controlPlane(lab: Lab, name: string, spec: object = {}): Promise<void> {
  lab.plan(name, spec);
  await lab.make("controlplane", name);
  await lab.condition("CoderControlPlane", name, "OperatorAccess", "True");
}

export const PLATFORM: readonly PlatformFailure[] = [
  {
    id: "api-service-unavailable",
    where: "kubernetes",
    subject: "workspace",
    touches: ["cluster"],
    rule: "api-service-unavailable",
    says: /APIService v1alpha1\.aggregation\.coder\.com.*not available/,
    // Who may not read it hears of it when they ask for the workspace.
    quotes: /FailedDiscoveryCheck|503/,
    laterMs: 60_000,
    async prepare(lab, name) {
      await lab.make("workspace", name);
      await lab.workspacePod(name);
    },
    begin: (ground) => ground.reachApi(false),
    inject: (lab, name) => lab.make("workspace", name),
    end: (ground) => ground.reachApi(true),
  },
  {
    id: "operator-not-running",
    where: "kubernetes",
    subject: "controlplane",
    touches: ["cluster"],
    rule: "operator-not-running",
    // Leases are not in `view`: without them it is only said that nobody has acted.
    says: /operator (?:does not run|has not acted)/i,
    quotes: /renewTime|observedGeneration/,
    laterMs: 180_000,
    prepare: controlPlane,
    begin: (ground) => ground.stopOperator(),
    async inject(lab, name) {
      await lab.patch("CoderControlPlane", name, { spec: { replicas: 2 } });
      return name;
    },
    end: nothing,
  },
  {
    id: "ingress-without-backend",
    where: "kubernetes",
    subject: "controlplane",
    touches: ["exposure", "cluster"],
    rule: "ingress-without-backend",
    says: /Ingress \S+ leads to the Service \S+, which does not exist/,
    quotes: /backend: /,
    laterMs: 180_000,
    async prepare(lab, name) {
      await controlPlane(lab, name, behindIngress());
      await exposed(lab, name);
    },
    begin: nothing,
    // The operator, which has ended before, would make it again.
    async inject(lab, name) {
      await lab.cluster.request("DELETE", lab.path("Service", name));
      await waitFor(async () => await lab.find("Service", name) === undefined, { what: "no Service" });
      return name;
    },
    end: nothing,
  },
];
