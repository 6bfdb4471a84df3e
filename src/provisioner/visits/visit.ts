/** A visit to Coder for one provisioner. */
import type { CoderProvisioner, Provisioner } from "../../api/provisioner.ts";
import type { ObjectKey } from "../../api/object.ts";
import type { Listings, Place } from "../../inventory/mod.ts";
import type { Applier } from "../../kube/applier.ts";
import type { ControlPlaneAccess, OpenCoder } from "../../operator/visit/control_plane_access.ts";
import type { ControlPlaneFinding } from "../../operator/visit/control_plane_ref.ts";
import type {
  Visit as SharedVisit,
  VisitStep as SharedStep,
  VisitTools as SharedTools,
} from "../../operator/visit/visit.ts";
import type { KeyHome } from "../keys/mod.ts";
import type { ProvisionerResult, ReportedStatus } from "../results.ts";

/** What every step of a visit works with. */
export interface VisitTools extends SharedTools {
  applier: Applier;
  /** The ways to the Coders of control planes. */
  access: ControlPlaneAccess;
  /** What many provisioners verify themselves against. */
  listings: Listings;
}

/** One visit. */
export interface Visit extends SharedVisit<CoderProvisioner, ReportedStatus> {
  /** With defaults. */
  readonly provisioner: Provisioner;
  readonly deploymentKey: ObjectKey;
  /** The one that the spec names. */
  readonly controlPlane: ControlPlaneFinding;
  /** Its Coder, as keys have it on record. The step `Access` adds what it found out. */
  home: KeyHome;
  /** Set by the step `Access` where Coder can be asked with the operator's token. */
  coder?: OpenCoder | undefined;
  /** The same, for shared lists. */
  place?: Place | undefined;
  /** Why Coder cannot be asked. Set by the step `Access`. */
  closed?: string | undefined;
  /** The licence allows external provisioners. Set by the step `Entitlement`. */
  entitled: boolean;
  /** Id of the organization in Coder, where it is known. Set by the step `Organization`. */
  organizationID?: string | undefined;
  /** Ids of the keys that pods sign in with. Set by the step `Keys`. */
  keyIDs: readonly string[];
  /** See {@linkcode ProvisionerResult}. Set by the step `Keys`. */
  keys?: ProvisionerResult["keys"];
  /** The same. */
  checksum?: ProvisionerResult["checksum"];
  /** The same, of the step `Autoscale`. */
  replicas?: number | undefined;
}

/** One part of a visit. */
export type VisitStep = SharedStep<Visit, VisitTools>;
