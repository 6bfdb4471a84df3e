/** The controllers of workspace proxies. */
import { systemClock } from "../../kube/clock.ts";
import type { Controller } from "../../reconciler/controller.ts";
import { proxyController } from "../../workspaceproxy/controller.ts";
import { ProxyResults } from "../../workspaceproxy/results.ts";
import { proxyVisits } from "../../workspaceproxy/visits/controller.ts";
import type { SharedParts } from "./shared.ts";

/** Makes them: passes and visits. */
export function proxyControllers(
  { access, core: { metrics }, deployments, listings, log, pass, visit }: SharedParts,
): Controller[] {
  const results = new ProxyResults();
  const passes = proxyController({ ...pass, results });
  const visits = proxyVisits({
    tools: {
      ...visit,
      access,
      listings,
      sleep: (ms, signal) => systemClock.sleep(ms, signal).catch(() => {}),
    },
    deployments,
    results,
    onNews: (key) => passes.enqueue(key),
    log,
    metrics,
  });
  return [passes, visits];
}
