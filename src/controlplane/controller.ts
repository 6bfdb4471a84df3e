/** The controller of control planes: what it watches, and which of them a change concerns. */
import { type CoderControlPlane, CoderControlPlanes } from "../api/control_plane.ts";
import { keyOf, type KubeObject, type ObjectKey } from "../api/object.ts";
import type { Informer } from "../kube/informer.ts";
import { referenceSources } from "../operator/children/reference_sources.ts";
import { exposureSources } from "../operator/exposure/exposure_sources.ts";
import {
  countByPhase,
  deploymentSources,
  type PassControllerOptions,
  passTools,
} from "../operator/pass/controller.ts";
import { type Controller, createController } from "../reconciler/controller.ts";
import { owned, watching } from "../reconciler/source.ts";
import { noMetrics } from "../telemetry/metrics.ts";
import { controlPlaneServiceAccountName } from "../workload/names.ts";
import { aggregationSource } from "./aggregation.ts";
import { podReferences } from "./children/reference_sources.ts";
import type { VisitResults } from "./coder/results.ts";
import { workspaceSources } from "./rbac/workspace_sources.ts";
import { controlPlaneReconcile, type ReconcilerOptions } from "./reconciler.ts";

/** What a control plane controller works with. */
export type ControlPlaneControllerOptions = PassControllerOptions<
  VisitResults,
  Pick<ReconcilerOptions, "now" | "stages">
>;

/** Index of control planes by the ServiceAccount that they name, as `namespace/name`. */
const BY_SERVICE_ACCOUNT = "service-account";

/** Declares its kinds in the cache and makes the controller; nothing runs yet. */
export function controlPlaneController(options: ControlPlaneControllerOptions): Controller {
  const { log, metrics = noMetrics } = options;
  const tools = passTools(options);
  const { kinds } = tools;
  const { controlPlanes } = kinds;
  controlPlanes.addIndex(BY_SERVICE_ACCOUNT, serviceAccount);
  countByPhase(controlPlanes, metrics, { name: "coder_k8s_control_planes", what: "Control planes" });
  const reconcile = controlPlaneReconcile({
    ...tools,
    ...(options.results !== undefined && { results: options.results }),
    ...options.reconciler,
  });
  // Deployments and Services are named after their control planes.
  const { sources, namesakes } = deploymentSources(
    controlPlanes,
    CoderControlPlanes,
    kinds,
    ({ metadata }) => metadata.name ?? "",
  );
  return createController({
    ...options.controller,
    name: "codercontrolplane",
    reconcile,
    watches: [
      ...sources,
      owned(kinds.services, CoderControlPlanes),
      owned(kinds.serviceAccounts, CoderControlPlanes),
      owned(kinds.ingresses, CoderControlPlanes),
      owned(kinds.httpRoutes, CoderControlPlanes),
      ...exposureSources(controlPlanes, kinds),
      owned(kinds.disruptionBudgets, CoderControlPlanes),
      owned(kinds.jobs, CoderControlPlanes),
      ...workspaceSources(kinds),
      aggregationSource(controlPlanes),
      // Objects of others that are in the way, as far as the cache sees them: they may go, or be given to us.
      watching(kinds.services, namesakes),
      watching(kinds.serviceAccounts, users(controlPlanes, BY_SERVICE_ACCOUNT)),
      ...referenceSources(controlPlanes, podReferences, kinds),
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

function serviceAccount({ metadata, spec }: CoderControlPlane): string[] {
  const given: unknown = spec?.serviceAccount?.name;
  const name = controlPlaneServiceAccountName(
    metadata.name ?? "",
    typeof given === "string" ? given : undefined,
  );
  return [`${metadata.namespace ?? ""}/${name}`];
}
