/** What must cost nobody an answer. */
import { sleep, waitFor } from "../cluster/mod.ts";
import type { PlayedPod } from "../deploy/played/mod.ts";
import { leads } from "../faults/replicas.ts";
import { DEPLOYMENT, PATIENCE_MS, type World } from "./world.ts";

export const DISTURBANCES = [
  "rolling update",
  "leader ends",
  "leader killed",
  "API server killed",
] as const;
export type Disturbance = typeof DISTURBANCES[number];

/** Makes it happen, and returns when all is up again and somebody leads. */
export async function disturb(world: World, disturbance: Disturbance): Promise<void> {
  const { cluster, played } = world;
  switch (disturbance) {
    case "rolling update":
      await played.rollout(DEPLOYMENT, PATIENCE_MS);
      break;
    case "leader ends": {
      const leader = await leading(world);
      const code = await leader.end("SIGTERM");
      if (code !== 0) {
        throw new Error(`${leader.name} ended with ${code}:\n${leader.process.lines.slice(-20).join("\n")}`);
      }
      await untilReplaced(world, leader);
      break;
    }
    case "leader killed": {
      const leader = await leading(world);
      await world.deaths.during(() => leader.end("SIGKILL"));
      await untilReplaced(world, leader);
      break;
    }
    case "API server killed":
      await cluster.kill("apiserver");
      await cluster.start("apiserver");
      // Its garbage collector waits ever longer after an outage; in a cluster with several of them a new one begins.
      await cluster.restart("controller-manager");
      await played.settled(PATIENCE_MS);
  }
  await leading(world);
}

/** Who leads, once somebody does. */
async function leading({ played }: World): Promise<PlayedPod> {
  return await waitFor(async () => {
    for (const pod of played.pods) if (!pod.isTerminating && await leads(pod.process)) return pod;
    return undefined;
  }, { what: "a leader", timeoutMs: PATIENCE_MS });
}

async function untilReplaced({ played }: World, pod: PlayedPod): Promise<void> {
  await waitFor(() => Promise.resolve(!played.pods.includes(pod)), {
    what: `${pod.name} to be gone`,
    timeoutMs: PATIENCE_MS,
  });
  await played.settled(PATIENCE_MS);
}

/** Load alone, so that what follows is told apart from what was before, in milliseconds. */
export async function quiet(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, signal);
}
