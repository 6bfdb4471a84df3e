/** A pass over one control plane. */
import type { CoderControlPlane, ControlPlane } from "../api/control_plane.ts";
import type { EnvSources } from "../operator/children/env_sources.ts";
import type {
  PassState as SharedState,
  Step as SharedStep,
  Tools as SharedTools,
} from "../operator/pass/step.ts";
import type { VisitResult } from "./coder/results.ts";
import type { ReportedStatus } from "./report.ts";
import type { UpgradePlan } from "./upgrade/plan.ts";

/** What every step works with. */
export interface Tools extends SharedTools {
  envSources: EnvSources;
}

/** What a pass is about, and what it finds out: for later steps and for the status. */
export interface PassState extends SharedState<CoderControlPlane, ReportedStatus> {
  /** What the last visit to Coder found out; undefined before the first one of this process. */
  readonly visit: VisitResult | undefined;
  /** A visit that knows this generation of the object is still to come. @default {false} */
  readonly visitDue?: boolean;
  /** The image that is to run now where that is not the spec's: an upgrade waits, or was stopped. */
  image?: string;
  /** What is done about the image, once that is decided. */
  upgrade?: UpgradePlan;
}

/** A pass over an object that could be read. */
export interface Pass extends PassState {
  /** The object with defaults. */
  readonly controlPlane: ControlPlane;
}

/** One part of the work. Throws where it cannot be done. */
export type Step = SharedStep<Pass, Tools>;
