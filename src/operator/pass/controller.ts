/** What the controllers of passes have in common: options, tools, what wakes them, and how their objects are counted. */
import { keyOf, keyText, type KubeObject, type ObjectKey, type ResourceType } from "../../api/object.ts";
import type { Applier } from "../../kube/applier.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { EventRecorder } from "../../kube/events/events.ts";
import type { Informer, SharedCache } from "../../kube/informer.ts";
import type { ControllerOptions } from "../../reconciler/controller.ts";
import { owned, primary, type Source, watching } from "../../reconciler/source.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { Redactor } from "../../telemetry/redactor.ts";
import { targetDeployment, type WorkloadKinds, workloadKinds } from "../../workload/kinds.ts";
import { CLUSTER_DOMAIN } from "../../workload/urls.ts";
import { EnvSources } from "../children/env_sources.ts";
import { ReferencedData } from "../children/referenced_data.ts";
import type { Tools } from "./step.ts";

/** What a controller of passes works with. `R`: what visits leave; `P`: what tests replace of the reconciler. */
export interface PassControllerOptions<R, P> {
  client: KubeClient;
  cache: SharedCache;
  applier: Applier;
  recorder: EventRecorder;
  log: Logger;
  /** @default nothing is counted */
  metrics?: Metrics;
  /** Namespaces to work in. @default all */
  namespaces?: readonly string[];
  /** Namespaces in which rights may be granted without being asked; `*` is a wildcard. @default none */
  workspaceNamespaces?: readonly string[];
  /** DNS domain of the cluster. @default {"cluster.local"} */
  clusterDomain?: string;
  /** What visits to Coder find out. @default there are no visits */
  results?: R;
  /** Takes secrets out of texts for conditions. @default secrets are known by their shape alone */
  redact?: (text: string) => string;
  /** Concurrency, deadlines and back-off. */
  controller?: Partial<Omit<ControllerOptions, "name" | "reconcile" | "watches" | "log" | "metrics">>;
  /** Replaces parts of the reconciler, for tests. */
  reconciler?: Partial<P>;
}

/** The tools of every pass. Declares the kinds in the cache. */
export function passTools(
  options: PassControllerOptions<unknown, unknown>,
): Tools & { envSources: EnvSources } {
  const { client, cache, applier, recorder, namespaces = [], workspaceNamespaces = [] } = options;
  const kinds = workloadKinds(cache, namespaces);
  const referencedData = new ReferencedData(client, kinds);
  const redactor = new Redactor();
  return {
    client,
    applier,
    kinds,
    referencedData,
    envSources: new EnvSources(referencedData),
    events: recorder,
    redact: options.redact ?? ((text) => redactor.text(text)),
    namespaces,
    workspaceNamespaces,
    clusterDomain: options.clusterDomain ?? CLUSTER_DOMAIN,
    now: () => new Date(),
  };
}

/** Index of owners by the name of their Deployment, as `namespace/name`. */
const BY_DEPLOYMENT = "deployment-name";

/** What wakes owners of Deployments, and finds them by the names of these. */
export interface DeploymentSources {
  readonly sources: readonly Source[];
  /** The owners whose Deployments have the name of the object: its own may be in the way, as far as the cache sees it. */
  readonly namesakes: (object: KubeObject) => ObjectKey[];
}

/** The owners themselves, their Deployments, those in the way, and autoscalers. Declares its index; once for each cache. */
export function deploymentSources<O extends KubeObject>(
  owners: Informer<O>,
  type: ResourceType<O>,
  { deployments, autoscalers }: Pick<WorkloadKinds, "deployments" | "autoscalers">,
  deploymentName: (owner: O) => string,
): DeploymentSources {
  owners.addIndex(BY_DEPLOYMENT, (owner) => [keyText({ ...keyOf(owner), name: deploymentName(owner) })]);
  const named = (text: string) => owners.byIndex(BY_DEPLOYMENT, text).map(keyOf);
  const namesakes = (object: KubeObject) => named(keyText(keyOf(object)));
  const sources = [
    primary(owners),
    owned(deployments, type),
    // Of others: it may go, or be given to us.
    watching(deployments, namesakes),
    watching(autoscalers, (autoscaler) => targetDeployment(autoscaler).flatMap(named)),
  ];
  return { sources, namesakes };
}

/** Counts objects by their phase. `what`: for people, such as `Control planes`. */
export function countByPhase(
  objects: Pick<Informer<KubeObject & { status?: { phase?: string | undefined } }>, "list">,
  metrics: Metrics,
  { name, what }: { readonly name: string; readonly what: string },
): void {
  metrics.gauge(name, `${what}, by phase.`, ["phase"], (gauge) => {
    const counts = new Map([["Pending", 0], ["Ready", 0]]);
    for (const { status } of objects.list()) {
      const phase = status?.phase === "Ready" ? "Ready" : "Pending";
      counts.set(phase, (counts.get(phase) ?? 0) + 1);
    }
    for (const [phase, count] of counts) gauge.set({ phase }, count);
  });
}
