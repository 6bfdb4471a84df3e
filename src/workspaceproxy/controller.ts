/** The controller of workspace proxies: what it watches, and which of them a change concerns. */
import {
  CoderWorkspaceProxies,
  type CoderWorkspaceProxy,
  parseWorkspaceProxy,
} from "../api/workspace_proxy.ts";
import { keyOf } from "../api/object.ts";
import { referenceSources, templateReferences } from "../operator/children/reference_sources.ts";
import { exposureSources } from "../operator/exposure/exposure_sources.ts";
import {
  countByPhase,
  deploymentSources,
  type PassControllerOptions,
  passTools,
} from "../operator/pass/controller.ts";
import { type Controller, createController } from "../reconciler/controller.ts";
import type { Predicate } from "../reconciler/predicate.ts";
import { owned, watching } from "../reconciler/source.ts";
import { noMetrics } from "../telemetry/metrics.ts";
import { childName } from "./children.ts";
import { podTemplate } from "./pod_template.ts";
import { proxyReconcile, type ReconcilerOptions } from "./reconciler.ts";
import { recordOf, tokenSecretOf } from "./registration/mod.ts";
import type { ProxyResults } from "./results.ts";

/** What the controller works with. */
export type ProxyControllerOptions = PassControllerOptions<
  ProxyResults,
  Pick<ReconcilerOptions, "now" | "stages">
>;

/** Declares its kinds in the cache and makes the controller; nothing runs yet. */
export function proxyController(options: ProxyControllerOptions): Controller {
  const { log, metrics = noMetrics } = options;
  const tools = passTools(options);
  const { kinds } = tools;
  const { workspaceProxies } = kinds;
  countByPhase(workspaceProxies, metrics, { name: "coder_k8s_workspace_proxies", what: "Workspace proxies" });
  // Services, too, have the name of the Deployment.
  const { sources, namesakes } = deploymentSources(workspaceProxies, CoderWorkspaceProxies, kinds, childName);
  return createController({
    ...options.controller,
    name: "coderworkspaceproxy",
    reconcile: proxyReconcile({
      ...tools,
      ...(options.results !== undefined && { results: options.results }),
      ...options.reconciler,
    }),
    watches: [
      ...sources,
      watching(workspaceProxies, (object) => [keyOf(object)], { predicate: recordComesOrGoes }),
      owned(kinds.services, CoderWorkspaceProxies),
      // Those that nobody needs go, whenever they come.
      owned(kinds.secrets, CoderWorkspaceProxies),
      owned(kinds.ingresses, CoderWorkspaceProxies),
      owned(kinds.httpRoutes, CoderWorkspaceProxies),
      ...exposureSources(workspaceProxies, kinds),
      owned(kinds.disruptionBudgets, CoderWorkspaceProxies),
      // Objects of others that are in the way, as far as the cache sees them: they may go, or be given to us.
      watching(kinds.services, namesakes),
      ...referenceSources(workspaceProxies, podReferences, kinds),
    ],
    log,
    metrics,
  });
}

/** The finalizer is there as long as something is on record; visits write that. */
const recordComesOrGoes: Predicate<CoderWorkspaceProxy> = {
  added: () => false,
  updated: (before, after) => isOnRecord(before) !== isOnRecord(after),
  deleted: () => false,
};

function isOnRecord({ status }: CoderWorkspaceProxy): boolean {
  return Object.keys(recordOf(status ?? {})).length > 0;
}

/** The ConfigMaps and Secrets that pods are made from, as far as the spec alone tells. */
function podReferences(object: CoderWorkspaceProxy): string[] {
  return templateReferences(object, () => {
    const proxy = parseWorkspaceProxy(object);
    return podTemplate(proxy, { primaryURL: "", token: tokenSecretOf(proxy) ?? { name: "", key: "" } });
  });
}
