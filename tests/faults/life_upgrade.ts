/** The part of a control plane's life in which its image changes: backups, and a rollout that is stopped. */
import { waitFor } from "../cluster/mod.ts";
import type { Scene } from "./scene.ts";

const ROLLOUT = "coder.com/rollout";
const image = (version: string) => `ghcr.io/coder/coder:v${version}`;
const backup = (cpu: string) => ({
  containers: [{ name: "dump", image: "postgres:16", resources: { requests: { cpu } } }],
});

async function rolledOut(scene: Scene, version: string): Promise<void> {
  await waitFor(async () => (await scene.plane("upgraded"))?.status?.image === image(version), {
    what: `the rollout of ${version}`,
    timeoutMs: 60_000,
  });
}

/** A backup whose making is not answered, one that is given up, one that ends; a rollout that goes nowhere. */
export async function upgrades(scene: Scene): Promise<void> {
  const { faults } = scene;
  await scene.create("upgraded", { image: image("2.28.0") });
  await rolledOut(scene, "2.28.0");
  const frozen = faults.freeze({ watch: true, resource: "jobs" });
  const lost = faults.loseAnswer({ verb: "patch", resource: "jobs" }, { times: 1 });
  await scene.change("upgraded", { spec: { image: image("2.29.0"), upgrade: { backup: backup("1000") } } });
  await waitFor(() => faults.count({ verb: "get", resource: "jobs" }) > 0, { what: "the Job to be found" });
  lost.remove();
  frozen.remove();
  await scene.condition("upgraded", "Upgrading", "True", "BackingUp");
  await scene.change("upgraded", { spec: { image: image("2.30.0"), upgrade: { backup: backup("1") } } });
  await rolledOut(scene, "2.30.0");
  await scene.change("upgraded", {
    spec: { image: image("2.30.1"), upgrade: null, nodeSelector: { "example.com/none": "x" } },
  });
  await scene.condition("upgraded", "Upgrading", "True", "WaitingForMigrations");
  await timeIsUp(scene);
  const { message } = await scene.condition("upgraded", "Upgrading", "False", "RolloutStopped");
  if (!message.includes("Unschedulable")) throw new Error(`no pod was read: ${message}`);
}

/** As if the rollout had begun hours ago: nobody waits for the shortest time that a spec may give it, a minute. */
async function timeIsUp(scene: Scene): Promise<void> {
  const path = scene.path("deployments", "upgraded");
  await waitFor(async () => {
    const { metadata, status } = await scene.cluster.request("GET", path);
    if (status.observedGeneration !== metadata.generation || !status.unavailableReplicas) return false;
    const state = { ...JSON.parse(metadata.annotations[ROLLOUT]), since: new Date(0), tried: undefined };
    const { resourceVersion } = await scene.cluster.request("PATCH", path, {
      metadata: { annotations: { [ROLLOUT]: JSON.stringify(state) } },
    }).then(({ metadata }) => metadata);
    // deno-lint-ignore no-explicit-any -- conditions as sent
    const conditions = status.conditions.map((each: any) =>
      each.type === "Progressing" ? { ...each, status: "False", reason: "ProgressDeadlineExceeded" } : each
    );
    await scene.cluster.request("PATCH", `${path}/status`, {
      metadata: { resourceVersion },
      status: { conditions },
    }).catch(() => {});
    return (await scene.cluster.request("GET", path)).status.conditions.some(
      ({ reason }: { reason: string }) => reason === "ProgressDeadlineExceeded",
    );
  }, { what: "the Deployment to say that its time is up" });
}
