/** What a manager says to the probes. */
import { keyText } from "../api/object.ts";
import type { SharedCache } from "../kube/informer.ts";
import type { Health } from "../telemetry/health.ts";
import type { Controller } from "./controller.ts";

/** A pass that goes on for so long after its deadline is not coming back: only a restart helps its object. */
export const LOST_PASS_MS = 300_000;

/** Work that is due for so long with a worker free means that the controller has stopped. */
export const LOST_WORK_MS = 60_000;

export interface ManagerCheckOptions {
  cache: Pick<SharedCache, "hasSynced" | "troubles">;
  controllers: readonly Controller[];
  manager: { readonly state: string };
}

/**
 * Adds `caches` and `workers` to readiness and `reconcilers` to liveness. A stand-by is ready: its caches are full and
 * it waits. Whether Coder answers plays no part.
 */
export function addManagerChecks(health: Health, options: ManagerCheckOptions): void {
  const { cache, controllers, manager } = options;
  health.add("readiness", "caches", () => {
    if (cache.hasSynced) return "";
    const troubles = cache.troubles().map(({ resource, why }) => `${resource}: ${why}`);
    return troubles.length === 0 ? "not synced yet" : `not synced yet (${troubles.join("; ")})`;
  });
  health.add("readiness", "workers", () => {
    if (manager.state === "new" || manager.state === "syncing") return "waiting for caches";
    if (manager.state !== "leading") return "";
    const idle = controllers.filter(({ running }) => !running).map(({ name }) => name);
    return idle.length === 0 ? "" : `leading, but not running: ${idle.join(", ")}`;
  });
  health.add("liveness", "reconcilers", () => controllers.map(trouble).filter(Boolean).join("; "));
}

function trouble(controller: Controller): string {
  const lost = controller.inHand().find(({ overdueMs }) => overdueMs > LOST_PASS_MS);
  if (lost !== undefined) {
    const seconds = Math.round(lost.runningMs / 1000);
    return `${controller.name} has been at ${keyText(lost.key)} for ${seconds} s and does not stop`;
  }
  const waitingMs = controller.idleWithWorkMs();
  if (waitingMs <= LOST_WORK_MS) return "";
  return `${controller.name} has not taken up work that has been due for ${Math.round(waitingMs / 1000)} s`;
}
