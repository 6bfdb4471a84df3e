/** The controller of control planes: what it watches, and which of them a change concerns. */
import { type CoderControlPlane, CoderControlPlanes } from "../api/control_plane.ts";
import { keyOf, type KubeObject, type ObjectKey } from "../api/object.ts";
import type { Applier } from "../kube/applier.ts";
import type { KubeClient } from "../kube/client.ts";
import type { EventRecorder } from "../kube/events/events.ts";
import type { Informer, SharedCache } from "../kube/informer.ts";
import { type Controller, type ControllerOptions, createController } from "../reconciler/controller.ts";
import { owned, primary, watching } from "../reconciler/source.ts";
import type { Logger } from "../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../telemetry/metrics.ts";
import { Redactor } from "../telemetry/redactor.ts";
import { targetDeployment, workloadKinds } from "../workload/kinds.ts";
import { controlPlaneServiceAccountName } from "../workload/names.ts";
import { CLUSTER_DOMAIN } from "../workload/urls.ts";
import type { VisitResults } from "./coder/results.ts";
import { EnvSources } from "../operator/children/env_sources.ts";
import { exposureSources } from "../operator/exposure/exposure_sources.ts";
import { controlPlaneReconcile, type ReconcilerOptions } from "./reconciler.ts";
import { podReferences } from "./children/reference_sources.ts";
import { referenceSources } from "../operator/children/reference_sources.ts";
import { ReferencedData } from "../operator/children/referenced_data.ts";
import { workspaceSources } from "./rbac/workspace_sources.ts";

/** What a control plane controller works with. */
export interface ControlPlaneControllerOptions {
  client: KubeClient;
  cache: SharedCache;
  applier: Applier;
  recorder: EventRecorder;
  log: Logger;
  /** @default nothing is counted */
  metrics?: Metrics;
  /** Namespaces to work in. @default all */
  namespaces?: readonly string[];
  /** Namespaces in which control planes may be granted rights without being asked; `*` is a wildcard. @default none */
  workspaceNamespaces?: readonly string[];
  /** DNS domain of the cluster. @default {"cluster.local"} */
  clusterDomain?: string;
  /** What visits to Coder find out. @default there are no visits */
  results?: VisitResults;
  /** Takes secrets out of texts for conditions. @default secrets are known by their shape alone */
  redact?: (text: string) => string;
  /** Concurrency, deadlines and back-off. */
  controller?: Partial<Omit<ControllerOptions, "name" | "reconcile" | "watches" | "log" | "metrics">>;
  /** Replaces parts of the reconciler, for tests. */
  reconciler?: Partial<Pick<ReconcilerOptions, "now" | "stages">>;
}

/** Index of control planes by the ServiceAccount that they name, as `namespace/name`. */
const BY_SERVICE_ACCOUNT = "service-account";

/** Declares its kinds in the cache and makes the controller; nothing runs yet. */
export function controlPlaneController(options: ControlPlaneControllerOptions): Controller {
  const { client, cache, applier, recorder, log, metrics = noMetrics, namespaces = [] } = options;
  const kinds = workloadKinds(cache, namespaces);
  const { controlPlanes } = kinds;
  controlPlanes.addIndex(BY_SERVICE_ACCOUNT, serviceAccount);
  countByPhase(controlPlanes, metrics);
  const redactor = new Redactor();
  const referencedData = new ReferencedData(client, kinds);
  const reconcile = controlPlaneReconcile({
    client,
    applier,
    kinds,
    envSources: new EnvSources(referencedData),
    referencedData,
    events: recorder,
    redact: options.redact ?? ((text) => redactor.text(text)),
    namespaces,
    workspaceNamespaces: options.workspaceNamespaces ?? [],
    clusterDomain: options.clusterDomain ?? CLUSTER_DOMAIN,
    now: () => new Date(),
    ...(options.results !== undefined && { results: options.results }),
    ...options.reconciler,
  });
  return createController({
    ...options.controller,
    name: "codercontrolplane",
    reconcile,
    watches: [
      primary(controlPlanes),
      owned(kinds.deployments, CoderControlPlanes),
      owned(kinds.services, CoderControlPlanes),
      owned(kinds.serviceAccounts, CoderControlPlanes),
      owned(kinds.ingresses, CoderControlPlanes),
      owned(kinds.httpRoutes, CoderControlPlanes),
      ...exposureSources(controlPlanes, kinds),
      owned(kinds.disruptionBudgets, CoderControlPlanes),
      owned(kinds.jobs, CoderControlPlanes),
      ...workspaceSources(kinds),
      // Objects of others that are in the way, as far as the cache sees them: they may go, or be given to us.
      watching(kinds.deployments, namesakes(controlPlanes)),
      watching(kinds.services, namesakes(controlPlanes)),
      watching(kinds.serviceAccounts, users(controlPlanes, BY_SERVICE_ACCOUNT)),
      ...referenceSources(controlPlanes, podReferences, kinds),
      // Deployments are named after their control planes.
      watching(kinds.autoscalers, (autoscaler) => targetDeployment(autoscaler).map(keyFromText)),
    ],
    log,
    metrics,
  });
}

/** The control planes of which an index says that they use an object. */
function users(
  controlPlanes: Informer<CoderControlPlane>,
  index: string,
): (object: KubeObject) => ObjectKey[] {
  return ({ metadata }) =>
    controlPlanes.byIndex(index, `${metadata.namespace ?? ""}/${metadata.name ?? ""}`).map(keyOf);
}

/** The control plane that an object is named like. */
function namesakes(controlPlanes: Informer<CoderControlPlane>): (object: KubeObject) => ObjectKey[] {
  return (object) => controlPlanes.get(keyOf(object)) === undefined ? [] : [keyOf(object)];
}

function serviceAccount({ metadata, spec }: CoderControlPlane): string[] {
  const given: unknown = spec?.serviceAccount?.name;
  const name = controlPlaneServiceAccountName(
    metadata.name ?? "",
    typeof given === "string" ? given : undefined,
  );
  return [`${metadata.namespace ?? ""}/${name}`];
}

function keyFromText(text: string): ObjectKey {
  const slash = text.indexOf("/");
  return { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

function countByPhase(controlPlanes: Informer<CoderControlPlane>, metrics: Metrics): void {
  metrics.gauge("coder_k8s_control_planes", "Control planes, by phase.", ["phase"], (gauge) => {
    const counts = new Map([["Pending", 0], ["Ready", 0]]);
    for (const { status } of controlPlanes.list()) {
      const phase = status?.phase === "Ready" ? "Ready" : "Pending";
      counts.set(phase, (counts.get(phase) ?? 0) + 1);
    }
    for (const [phase, count] of counts) gauge.set({ phase }, count);
  });
}
