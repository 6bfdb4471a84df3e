/** The controller of workspace proxies: what it watches, and which of them a change concerns. */
import {
  CoderWorkspaceProxies,
  type CoderWorkspaceProxy,
  parseWorkspaceProxy,
} from "../api/workspace_proxy.ts";
import { keyOf, keyText, type KubeObject, type ObjectKey } from "../api/object.ts";
import type { Applier } from "../kube/applier.ts";
import type { KubeClient } from "../kube/client.ts";
import type { EventRecorder } from "../kube/events/events.ts";
import type { Informer, SharedCache } from "../kube/informer.ts";
import { EnvSources } from "../operator/children/env_sources.ts";
import { referenceSources, templateReferences } from "../operator/children/reference_sources.ts";
import { ReferencedData } from "../operator/children/referenced_data.ts";
import { exposureSources } from "../operator/exposure/exposure_sources.ts";
import { type Controller, type ControllerOptions, createController } from "../reconciler/controller.ts";
import { owned, primary, watching } from "../reconciler/source.ts";
import type { Logger } from "../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../telemetry/metrics.ts";
import { Redactor } from "../telemetry/redactor.ts";
import { targetDeployment, workloadKinds } from "../workload/kinds.ts";
import { CLUSTER_DOMAIN } from "../workload/urls.ts";
import { childName } from "./children.ts";
import { podTemplate } from "./pod_template.ts";
import { proxyReconcile, type ReconcilerOptions } from "./reconciler.ts";
import { tokenSecretOf } from "./registration/mod.ts";
import type { ProxyResults } from "./results.ts";

/** What the controller works with. */
export interface ProxyControllerOptions {
  client: KubeClient;
  cache: SharedCache;
  applier: Applier;
  recorder: EventRecorder;
  log: Logger;
  /** @default nothing is counted */
  metrics?: Metrics;
  /** Namespaces to work in. @default all */
  namespaces?: readonly string[];
  /** DNS domain of the cluster. @default {"cluster.local"} */
  clusterDomain?: string;
  /** What visits to Coder find out. @default there are no visits */
  results?: ProxyResults;
  /** Takes secrets out of texts for conditions. @default secrets are known by their shape alone */
  redact?: (text: string) => string;
  /** Concurrency, deadlines and back-off. */
  controller?: Partial<Omit<ControllerOptions, "name" | "reconcile" | "watches" | "log" | "metrics">>;
  /** Replaces parts of the reconciler, for tests. */
  reconciler?: Partial<Pick<ReconcilerOptions, "now" | "stages">>;
}

/** Index of proxies by the name of their Deployment, which is that of most children, as `namespace/name`. */
const BY_CHILD = "child-name";

/** Declares its kinds in the cache and makes the controller; nothing runs yet. */
export function proxyController(options: ProxyControllerOptions): Controller {
  const { client, cache, applier, recorder, log, metrics = noMetrics, namespaces = [] } = options;
  const kinds = workloadKinds(cache, namespaces);
  const { workspaceProxies } = kinds;
  workspaceProxies.addIndex(BY_CHILD, (object) => [keyText({ ...keyOf(object), name: childName(object) })]);
  countByPhase(workspaceProxies, metrics);
  const redactor = new Redactor();
  const referencedData = new ReferencedData(client, kinds);
  const namesakes = (object: KubeObject): ObjectKey[] =>
    workspaceProxies.byIndex(BY_CHILD, keyText(keyOf(object))).map(keyOf);
  return createController({
    ...options.controller,
    name: "coderworkspaceproxy",
    reconcile: proxyReconcile({
      client,
      applier,
      kinds,
      envSources: new EnvSources(referencedData),
      referencedData,
      events: recorder,
      redact: options.redact ?? ((text) => redactor.text(text)),
      namespaces,
      workspaceNamespaces: [],
      clusterDomain: options.clusterDomain ?? CLUSTER_DOMAIN,
      now: () => new Date(),
      ...(options.results !== undefined && { results: options.results }),
      ...options.reconciler,
    }),
    watches: [
      primary(workspaceProxies),
      owned(kinds.deployments, CoderWorkspaceProxies),
      owned(kinds.services, CoderWorkspaceProxies),
      owned(kinds.ingresses, CoderWorkspaceProxies),
      owned(kinds.httpRoutes, CoderWorkspaceProxies),
      ...exposureSources(workspaceProxies, kinds),
      owned(kinds.disruptionBudgets, CoderWorkspaceProxies),
      // Objects of others that are in the way, as far as the cache sees them: they may go, or be given to us.
      watching(kinds.deployments, namesakes),
      watching(kinds.services, namesakes),
      ...referenceSources(workspaceProxies, podReferences, kinds),
      watching(
        kinds.autoscalers,
        (autoscaler) =>
          targetDeployment(autoscaler).flatMap((target) =>
            workspaceProxies.byIndex(BY_CHILD, target).map(keyOf)
          ),
      ),
    ],
    log,
    metrics,
  });
}

/** The ConfigMaps and Secrets that pods are made from, as far as the spec alone tells. */
function podReferences(object: CoderWorkspaceProxy): string[] {
  return templateReferences(object, () => {
    const proxy = parseWorkspaceProxy(object);
    return podTemplate(proxy, { primaryURL: "", token: tokenSecretOf(proxy) ?? { name: "", key: "" } });
  });
}

function countByPhase(proxies: Informer<CoderWorkspaceProxy>, metrics: Metrics): void {
  metrics.gauge("coder_k8s_workspace_proxies", "Workspace proxies, by phase.", ["phase"], (gauge) => {
    const counts = new Map([["Pending", 0], ["Ready", 0]]);
    for (const { status } of proxies.list()) {
      const phase = status?.phase === "Ready" ? "Ready" : "Pending";
      counts.set(phase, (counts.get(phase) ?? 0) + 1);
    }
    for (const [phase, count] of counts) gauge.set({ phase }, count);
  });
}
