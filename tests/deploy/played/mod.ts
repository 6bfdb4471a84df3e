/**
 * The pods of an installed product, played by processes of this machine.
 *
 * ```ts
 * await using cluster = await startCluster();               // its own: there is one APIService of this name
 * await using played = await playPods(cluster, { args: ["--control-plane-endpoint=coder/coder=http://…"] });
 * await cluster.kubectl(["apply", "--server-side", "-k", "deploy"]);
 * await played.settled();
 * await played.rollout({ namespace: "coder-system", name: "coder-k8s" });
 * ```
 */
export type { PlayedPod } from "./pod.ts";
export { type PlayedPods, type PlayOptions, playPods } from "./player.ts";
