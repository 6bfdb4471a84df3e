/** The controller of visits to Coder for provisioners: keys, what the licence allows, and how many pods there should be. */
import { type CoderProvisioner, parseProvisioner, type Provisioner } from "../../api/provisioner.ts";
import { InvalidObjectError } from "../../api/object_schema.ts";
import { keyText, type ObjectKey } from "../../api/object.ts";
import { hasFinalizer } from "../../operator/pass/finalizers.ts";
import {
  visitController,
  type VisitControllerOptions as SharedOptions,
} from "../../operator/visit/controller.ts";
import type { ControlPlaneAccess } from "../../operator/visit/control_plane_access.ts";
import type { Controller } from "../../reconciler/controller.ts";
import type { ReconcileContext } from "../../reconciler/reconcile.ts";
import { childName } from "../children.ts";
import { KEY_FINALIZER } from "../ending.ts";
import { type ProvisionerResult, Report } from "../results.ts";
import { accessStep, namedHome } from "./access_step.ts";
import { autoscaleStep } from "./autoscale_step.ts";
import { entitlementStep } from "./entitlement_step.ts";
import { keysStep } from "./keys_step.ts";
import { organizationStep } from "./organization_step.ts";
import { goneControlPlanes, visitSources } from "./sources.ts";
import type { Visit, VisitStep, VisitTools } from "./visit.ts";

type Shared = SharedOptions<CoderProvisioner, Visit, VisitTools, ProvisionerResult>;

/** What the controller works with. */
export type ProvisionerVisitsOptions = Pick<
  Shared,
  "tools" | "results" | "onNews" | "log" | "metrics" | "controller"
>;

/** Makes the controller; nothing runs yet. */
export function provisionerVisits(options: ProvisionerVisitsOptions): Controller {
  const { tools } = options;
  const { access, kinds, listings } = tools;
  const entitlement = entitlementStep(tools.now);
  const gone = goneControlPlanes(kinds, (key) => {
    access.forget(key);
    listings.forget(keyText(key));
    entitlement.forgetControlPlane(key);
  });
  return visitController<CoderProvisioner, Visit, VisitTools, ProvisionerResult>({
    ...options,
    name: "coderprovisioner-coder",
    objects: kinds.provisioners,
    watches: [...visitSources(kinds, listings), gone],
    steps: visitSteps(entitlement),
    begin: (key, object, context) => beginVisit(key, object, context, access),
    resultOf: visitResult,
    isHeld: (object) => hasFinalizer(object, KEY_FINALIZER),
  });
}

/** What a visit does, in order. */
export function visitSteps(entitlement: VisitStep): VisitStep[] {
  return [accessStep, entitlement, organizationStep, keysStep(), autoscaleStep()];
}

/** Begins a visit; undefined for an object that cannot be read. */
export function beginVisit(
  key: ObjectKey,
  object: CoderProvisioner,
  { log, signal }: Pick<ReconcileContext, "log" | "signal">,
  access: Pick<ControlPlaneAccess, "find">,
): Visit | undefined {
  const provisioner = readable(object);
  if (provisioner === undefined) return undefined;
  const controlPlane = access.find(provisioner.spec.controlPlaneRef, key);
  return {
    key,
    object,
    provisioner,
    deploymentKey: { namespace: key.namespace, name: childName(provisioner) },
    controlPlane,
    home: namedHome({ controlPlane }),
    entitled: false,
    keyIDs: [],
    signal,
    log,
    report: new Report(),
  };
}

/** What a visit found out. */
export function visitResult({ checksum, keys, object, replicas, report }: Visit): ProvisionerResult {
  return {
    generation: object.metadata.generation ?? 0,
    report: report.data(),
    ...(keys !== undefined && { keys }),
    ...(checksum !== undefined && { checksum }),
    ...(replicas !== undefined && { replicas }),
  };
}

/** The reconciler tells what is wrong with the others. */
function readable(object: CoderProvisioner): Provisioner | undefined {
  try {
    return parseProvisioner(object);
  } catch (error) {
    if (error instanceof InvalidObjectError) return undefined;
    throw error;
  }
}
