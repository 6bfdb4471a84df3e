/** Failures that are made in Kubernetes. */
import type { SubjectKind } from "../../../src/diagnosis/mod.ts";
import type { Failure } from "../failure.ts";
import type { ContainerWords } from "./kubelet_says.ts";
import { kubeletSays, logs } from "./kubelet_says.ts";
import { HELD, type Lab, type Live } from "./lab.ts";

export type KubeFailure = Failure<Lab>;

/** A pod of which the kubelet says something. */
export interface PodFailure extends Omit<KubeFailure, "where" | "inject" | "prepare" | "touches"> {
  readonly words: ContainerWords;
  /** Further fields of its status. */
  readonly status?: object | undefined;
  /** Warnings of the kubelet, reason and message. */
  readonly warnings?: readonly (readonly [reason: string, message: string])[] | undefined;
  /** The log of the container. */
  readonly log?: (lab: Lab) => readonly string[];
  /** Of the spec. */
  readonly spec?: object | undefined;
  /** Coder cannot run where its pods do not: of control planes. @default {true} */
  readonly isCoderAway?: boolean | undefined;
}

/** Makes it. */
export function podFailure(failure: PodFailure): KubeFailure {
  const { words, status, warnings = [], log, spec = {}, isCoderAway = true, ...rest } = failure;
  const kind: SubjectKind = failure.subject;
  return {
    ...rest,
    where: "kubernetes",
    touches: ["pod"],
    prepare(lab, name) {
      lab.plan(name, HELD);
      lab.plan(name, spec);
    },
    async inject(lab, name) {
      const subject = await lab.make(kind, name);
      if (kind === "controlplane" && isCoderAway) lab.away.add(name);
      if (kind === "workspace") lab.waitingAgent(name);
      const pods = await kubeletSays(lab, kind, name, inPlace(lab, words), status);
      for (const pod of pods) {
        if (log !== undefined) logs(lab, pod, log(lab));
        for (const [reason, message] of warnings) await tell(lab, pod, reason, inPlace(lab, message));
      }
      if (kind !== "workspace") await unready(lab, kind, name);
      return subject;
    },
  };
}

/** `NS/` is the namespace. */
function inPlace<T>(lab: Lab, words: T): T {
  return JSON.parse(JSON.stringify(words).replaceAll("NS/", `${lab.namespace}/`));
}

/** An Event of the kubelet about the first container of a pod. */
async function tell(lab: Lab, pod: Live, reason: string, message: string): Promise<void> {
  await lab.event(pod, "Pod", reason, message, {
    involvedObject: { fieldPath: `spec.containers{${pod.spec.containers[0].name}}` },
  });
}

const OWN = {
  controlplane: "CoderControlPlane",
  provisioner: "CoderProvisioner",
  proxy: "CoderWorkspaceProxy",
  workspace: "CoderWorkspace",
} as const;

/** Waits until the operator knows that pods are not ready. */
export async function unready(lab: Lab, kind: SubjectKind, name: string): Promise<void> {
  await lab.condition(OWN[kind], name, "Ready", "False");
}
