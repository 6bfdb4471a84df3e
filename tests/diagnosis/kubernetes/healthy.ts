/** Set-ups in which nothing is wrong. */
import type { SubjectKind } from "../../../src/diagnosis/mod.ts";
import { beginBuild, pickUpBuild } from "../../fake-coder/mod.ts";
import { waitFor } from "../../cluster/mod.ts";
import { behindIngress, certificate, exposed } from "./exposure.ts";
import { ago, kubeletSays, waits } from "./kubelet_says.ts";
import { HELD, type Lab } from "./lab.ts";

/** Makes it; the subject's name. */
export interface Healthy {
  readonly id: string;
  readonly subject: SubjectKind;
  /** What its state says. */
  readonly says?: RegExp | undefined;
  make(lab: Lab): Promise<string>;
}

async function controlPlane(lab: Lab, spec: object = {}): Promise<string> {
  lab.plan("one", spec);
  await lab.make("controlplane", "one");
  await lab.condition("CoderControlPlane", "one", "OperatorAccess", "True");
  await lab.condition("CoderControlPlane", "one", "Ready", "True");
  return "one";
}

async function workspace(lab: Lab): Promise<string> {
  const subject = await lab.make("workspace", "dev");
  await lab.workspacePod("dev");
  await lab.condition("Pod", "coder-dev", "Ready", "True");
  return subject;
}

async function provisioner(lab: Lab, spec: object = {}): Promise<string> {
  lab.plan("prov", spec);
  await lab.make("provisioner", "prov");
  return "prov";
}

export const HEALTHY: readonly Healthy[] = [
  {
    id: "a control plane with an Ingress",
    subject: "controlplane",
    async make(lab) {
      await certificate(lab, "coder-tls");
      const name = await controlPlane(lab, behindIngress("coder-tls"));
      await exposed(lab, name);
      return name;
    },
  },
  {
    id: "a control plane behind a Gateway",
    subject: "controlplane",
    async make(lab) {
      const gateway = { host: "coder.example.com", parentRefs: [{ name: "edge" }] };
      const name = await controlPlane(lab, { expose: { gateway } });
      const { metadata } = await waitFor(() => lab.find("HTTPRoute", name), { what: "the route" });
      const says = (type: string) => ({
        type,
        status: "True",
        reason: type,
        message: "",
        observedGeneration: metadata.generation,
        lastTransitionTime: ago(60),
      });
      const parentRef = { group: "gateway.networking.k8s.io", kind: "Gateway", name: "edge" };
      const conditions = [says("Accepted"), says("ResolvedRefs")];
      const parents = [{ parentRef, controllerName: "example.com/edge", conditions }];
      await lab.patch("HTTPRoute", name, { status: { parents } }, "/status");
      await lab.condition("CoderControlPlane", name, "Exposed", "True");
      return name;
    },
  },
  {
    id: "a control plane of three pods, with somebody else's trouble beside it",
    subject: "controlplane",
    async make(lab) {
      const name = await controlPlane(lab, { replicas: 3 });
      await lab.noise();
      return name;
    },
  },
  {
    id: "a control plane of no pods, as wanted",
    subject: "controlplane",
    async make(lab) {
      lab.plan("one", { replicas: 0 });
      await lab.make("controlplane", "one");
      await waitFor(
        async () => (await lab.find("CoderControlPlane", "one")).status?.observedGeneration === 1,
        {
          what: "the operator to have looked",
        },
      );
      lab.away.add("one");
      return "one";
    },
  },
  {
    id: "a control plane that begins to start",
    subject: "controlplane",
    async make(lab) {
      lab.plan("one", HELD);
      lab.away.add("one");
      await lab.make("controlplane", "one");
      await kubeletSays(lab, "controlplane", "one", waits("ContainerCreating", ""));
      return "one";
    },
  },
  { id: "a workspace that runs", subject: "workspace", make: workspace },
  {
    id: "a workspace that runs beside one that does not",
    subject: "workspace",
    async make(lab) {
      const name = await workspace(lab);
      await lab.make("workspace", "other");
      lab.plan("broken", HELD);
      await lab.make("workspace", "broken");
      lab.waitingAgent("broken", 3_600);
      await kubeletSays(lab, "workspace", "broken", waits("ImagePullBackOff", "Back-off pulling image"));
      await lab.noise();
      return name;
    },
  },
  {
    id: "a workspace that is stopped",
    subject: "workspace",
    async make(lab) {
      const subject = await lab.make("workspace", "dev");
      const record = lab.record("dev");
      Object.assign(record.latest_build, { transition: "stop", status: "stopped", resources: [] });
      return subject;
    },
  },
  {
    id: "a workspace that is being started",
    subject: "workspace",
    async make(lab) {
      const subject = await lab.make("workspace", "dev");
      const record = lab.record("dev");
      Object.assign(record.latest_build, { transition: "stop", status: "stopped", resources: [] });
      beginBuild(lab.coder.state, record, "start");
      pickUpBuild(lab.coder.state, record);
      return subject;
    },
  },
  {
    id: "a workspace whose agent starts",
    subject: "workspace",
    says: /connect/,
    async make(lab) {
      lab.plan("dev", HELD);
      const subject = await lab.make("workspace", "dev");
      lab.waitingAgent("dev", 5);
      await kubeletSays(lab, "workspace", "dev", waits("ContainerCreating", ""));
      return subject;
    },
  },
  {
    id: "a provisioner that waits for work",
    subject: "provisioner",
    async make(lab) {
      const name = await provisioner(lab, { replicas: 2 });
      await lab.condition("CoderProvisioner", name, "Ready", "True");
      await lab.daemon(name);
      return name;
    },
  },
  {
    id: "a provisioner that is scaled to zero",
    subject: "provisioner",
    async make(lab) {
      const name = await provisioner(lab, { replicas: 0 });
      await lab.condition("CoderProvisioner", name, "Ready", "False", "ScaledToZero");
      return name;
    },
  },
  {
    id: "a proxy that serves",
    subject: "proxy",
    async make(lab) {
      await lab.make("proxy", "eu");
      await lab.condition("CoderWorkspaceProxy", "eu", "Ready", "True");
      for (const proxy of lab.coder.state.proxies) proxy.status = "ok";
      await lab.condition("CoderWorkspaceProxy", "eu", "Registered", "True");
      await lab.noise();
      return "eu";
    },
  },
];
