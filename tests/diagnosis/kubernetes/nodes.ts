/** Nodes that have had enough. */
import { type KubeFailure, podFailure } from "./kube_failure.ts";
import { ago, type ContainerWords } from "./kubelet_says.ts";

const killed: ContainerWords = {
  ready: false,
  started: false,
  restartCount: 0,
  state: {
    terminated: { exitCode: 137, reason: "Error", startedAt: ago(3_600), finishedAt: ago(60) },
  },
};
const EVICTED = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 86144Ki. " +
  "Container dev was using 3500Mi, request is 0, has larger consumption of memory.";

export const NODES: readonly KubeFailure[] = [
  podFailure({
    id: "pod-evicted",
    subject: "workspace",
    rule: "pod-evicted",
    says: /evicted/i,
    quotes: /low on resource: memory/,
    words: killed,
    status: { phase: "Failed", reason: "Evicted", message: EVICTED },
    warnings: [["Evicted", EVICTED]],
  }),
];
