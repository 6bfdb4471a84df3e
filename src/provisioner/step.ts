/** A pass over one provisioner. */
import type { CoderProvisioner, Provisioner } from "../api/provisioner.ts";
import type { Trouble } from "../operator/pass/report.ts";
import type {
  PassState as SharedState,
  Step as SharedStep,
  Tools as SharedTools,
} from "../operator/pass/step.ts";
import type { ControlPlaneFinding } from "../operator/visit/control_plane_ref.ts";
import type { ProvisionerResult, ReportedStatus } from "./results.ts";

/** What every step works with. */
export type Tools = SharedTools;

/** What a pass is about, and what it finds out: for later steps and for the status. */
export interface PassState extends SharedState<CoderProvisioner, ReportedStatus> {
  /** What the last visit to Coder found out; undefined before the first one of this process. */
  readonly result: ProvisionerResult | undefined;
  /** Why there can be no Deployment yet. */
  waiting?: Trouble;
}

/** A pass over an object that could be read. */
export interface Pass extends PassState {
  /** The object with defaults. */
  readonly provisioner: Provisioner;
  /** Whose provisioner it is, as far as that may be known. */
  readonly controlPlane: ControlPlaneFinding;
  /** What earlier names left and no pod uses any more; undefined where there is nothing, or nobody could tell yet. */
  unused?: { readonly accounts: readonly string[]; readonly secrets: readonly string[] };
  /** Earlier ServiceAccounts that pods still run as. */
  lingering?: readonly string[];
}

/** One part of the work. Throws where it cannot be done. */
export type Step = SharedStep<Pass, Tools>;
