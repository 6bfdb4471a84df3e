/** What a kubelet would write: states of pods and of their containers, and its Events. */
import type { SubjectKind } from "../../../src/diagnosis/mod.ts";
import { waitFor } from "../../cluster/mod.ts";
import type { Lab, Live } from "./lab.ts";

/** State of a container, as in `containerStatuses`. */
export type ContainerWords = Readonly<Record<string, unknown>>;

/** So many seconds ago. */
export function ago(seconds: number): string {
  return new Date(Date.now() - 1_000 * seconds).toISOString().replace(/\.\d+/, "");
}

export const waits = (reason: string, message: string): ContainerWords => ({
  ready: false,
  started: false,
  restartCount: 0,
  state: { waiting: { reason, message } },
});

export const runs = (isReady: boolean): ContainerWords => ({
  ready: isReady,
  started: true,
  restartCount: 0,
  state: { running: { startedAt: ago(300) } },
});

/** It has ended again and again, and waits for its next start. */
export const crashes = (
  end: { readonly reason: string; readonly exitCode: number; readonly message?: string },
): ContainerWords => ({
  ready: false,
  started: false,
  restartCount: 7,
  lastState: { terminated: { ...end, startedAt: ago(95), finishedAt: ago(90) } },
  state: {
    waiting: {
      reason: "CrashLoopBackOff",
      message: "back-off 2m40s restarting failed container=x pod=y",
    },
  },
});

/** Waits until all pods of a subject are on the test's node, and gives their first containers this state. */
export async function kubeletSays(
  lab: Lab,
  kind: SubjectKind,
  name: string,
  words: ContainerWords,
  more: object = {},
): Promise<readonly Live[]> {
  const pods: readonly Live[] = await waitFor(async () => {
    const pods = await lab.pods(kind, name);
    return pods.every(({ spec }) => spec.nodeName === lab.ground.kubelet.node) ? pods : undefined;
  }, { what: `pods of ${kind} ${lab.namespace}/${name} on the test's node`, timeoutMs: 120_000 });
  for (const pod of pods) {
    await lab.patch("Pod", pod.metadata.name, { status: { ...statusOf(pod, words), ...more } }, "/status");
  }
  return pods;
}

function statusOf(pod: Live, words: ContainerWords) {
  const condition = (type: string, status: boolean) => ({
    type,
    status: status ? "True" : "False",
    ...(status ? {} : { reason: "ContainersNotReady", message: "containers with unready status" }),
    lastTransitionTime: ago(300),
  });
  const isReady = words["ready"] === true;
  const isRunning = "running" in (words["state"] as object) || "lastState" in words;
  const containers: readonly Live[] = pod.spec.containers;
  return {
    phase: isRunning ? "Running" : "Pending",
    startTime: ago(320),
    conditions: [
      condition("PodScheduled", true),
      condition("Initialized", true),
      condition("ContainersReady", isReady),
      condition("Ready", isReady),
    ],
    containerStatuses: containers.map(({ name, image }, index) => ({
      name,
      image,
      imageID: "",
      ...(index === 0 ? words : runs(true)),
    })),
  };
}

/** The log of a container's run before this one, and of this one. */
export function logs(lab: Lab, pod: Live, lines: readonly string[]): void {
  const now = Date.now();
  const text = lines.map((line, index) => [now - 90_000 + index, line] as const);
  const key = `${lab.namespace}/${pod.metadata.name}/${pod.spec.containers[0].name}`;
  lab.ground.kubelet.logs.set(key, text);
  lab.ground.kubelet.logs.set(`${key}/previous`, text);
}
