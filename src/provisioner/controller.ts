/** The controller of provisioners: what it watches, and which of them a change concerns. */
import type { CoderControlPlane } from "../api/control_plane.ts";
import { type CoderProvisioner, CoderProvisioners } from "../api/provisioner.ts";
import { keyOf, keyText, type KubeObject } from "../api/object.ts";
import { canonicalJson } from "../kube/apply/canonical_json.ts";
import { referenceSources } from "../operator/children/reference_sources.ts";
import {
  countByPhase,
  deploymentSources,
  type PassControllerOptions,
  passTools,
} from "../operator/pass/controller.ts";
import { namedControlPlane, USED_FROM } from "../operator/visit/control_plane_ref.ts";
import { type Controller, createController } from "../reconciler/controller.ts";
import type { Predicate } from "../reconciler/predicate.ts";
import { owned, watching } from "../reconciler/source.ts";
import { noMetrics } from "../telemetry/metrics.ts";
import { provisionerName } from "../workload/names.ts";
import { rbacOwner } from "./rbac.ts";
import { provisionerRbacSources } from "./rbac_sources.ts";
import { provisionerReconcile, type ReconcilerOptions } from "./reconciler.ts";
import type { ProvisionerResults } from "./results.ts";
import { podReferences } from "./steps/rendered_template.ts";

/** What a provisioner controller works with. */
export type ProvisionerControllerOptions = PassControllerOptions<
  ProvisionerResults,
  Pick<ReconcilerOptions, "now" | "stages">
>;

/** Indexes of provisioners by what they use, as `namespace/name`. */
const BY_CONTROL_PLANE = "pods-of-control-plane";
const BY_SERVICE_ACCOUNT = "service-account";

/** Declares its kinds in the cache and makes the controller; nothing runs yet. */
export function provisionerController(options: ProvisionerControllerOptions): Controller {
  const { log, metrics = noMetrics } = options;
  const tools = passTools(options);
  const { kinds } = tools;
  const { provisioners } = kinds;
  provisioners.addIndex(BY_CONTROL_PLANE, namedControlPlane);
  provisioners.addIndex(BY_SERVICE_ACCOUNT, serviceAccount);
  countByPhase(provisioners, metrics, { name: "coder_k8s_provisioners", what: "Provisioners" });
  const reconcile = provisionerReconcile({
    ...tools,
    ...(options.results !== undefined && { results: options.results }),
    ...options.reconciler,
  });
  const deploymentName = ({ metadata: { name = "" } }: CoderProvisioner) => provisionerName(name);
  const { sources } = deploymentSources(provisioners, CoderProvisioners, kinds, deploymentName);
  const users = (index: string, text: string) => provisioners.byIndex(index, text).map(keyOf);
  const usersOf = (index: string) => (object: KubeObject) => users(index, keyText(keyOf(object)));
  return createController({
    ...options.controller,
    name: "coderprovisioner",
    reconcile,
    watches: [
      ...sources,
      owned(kinds.serviceAccounts, CoderProvisioners),
      // Of an earlier name, perhaps restored by somebody.
      owned(kinds.secrets, CoderProvisioners),
      watching(kinds.controlPlanes, usersOf(BY_CONTROL_PLANE), { predicate: podsMatter }),
      // Of others: it may go, or be given to us.
      watching(kinds.serviceAccounts, usersOf(BY_SERVICE_ACCOUNT)),
      ...referenceSources(provisioners, podReferences, kinds),
      ...provisionerRbacSources(kinds, (controlPlane) => users(BY_CONTROL_PLANE, keyText(controlPlane))),
    ],
    log,
    metrics,
  });
}

/** Of a control plane: its image, its address, who may use it. */
const podsMatter: Predicate<CoderControlPlane> = {
  updated: (before, after) => canonicalJson(whatMatters(before)) !== canonicalJson(whatMatters(after)),
};

function whatMatters({ metadata, spec, status }: CoderControlPlane): unknown {
  const { uid, annotations, deletionTimestamp } = metadata;
  return [
    [uid, annotations?.[USED_FROM], deletionTimestamp],
    [spec?.image, spec?.service?.port, spec?.tls?.secretNames],
    status?.image,
  ];
}

function serviceAccount(object: CoderProvisioner): string[] {
  const { namespace, serviceAccount: name } = rbacOwner(object);
  return [keyText({ namespace, name })];
}
