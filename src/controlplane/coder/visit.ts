/** A visit to one control plane's Coder and its database. */
import type { CoderControlPlane, ControlPlane } from "../../api/control_plane.ts";
import type { OperatorDatabase } from "../../coder/database/mod.ts";
import type { CoderClient } from "../../coder/mod.ts";
import type { Applier } from "../../kube/applier.ts";
import {
  type PeriodicOptions as SharedOptions,
  periodicStep as shared,
} from "../../operator/visit/periodic.ts";
import type {
  Visit as SharedVisit,
  VisitStep as SharedStep,
  VisitTools as SharedTools,
} from "../../operator/visit/visit.ts";
import type { ReportedStatus } from "../report.ts";
import type { Migration } from "../upgrade/schema.ts";

/** What every step of a visit works with. */
export interface VisitTools extends SharedTools {
  applier: Applier;
  /** PostgreSQL. */
  database: OperatorDatabase;
}

/** One visit. */
export interface Visit extends SharedVisit<CoderControlPlane, ReportedStatus> {
  /** With defaults. */
  readonly controlPlane: ControlPlane;
  /** Pods are available: before, nothing is asked of Coder. */
  readonly ready: boolean;
  /** Changes whenever pods are replaced or become ready: what was found out about Coder before may be out of date. */
  readonly generationOfPods: string;
  /** A client under a token, or under none. All share the connections and the request budget of this Coder. */
  client(token?: string): CoderClient;
  /** Version of Coder that answered, such as `v2.30.0`. Set by the step `Reach`. */
  version?: string | undefined;
  /** Coder answered. Set by the step `Reach`. */
  reachable: boolean;
  /** The operator's token, where it is known to work. Set by the step `Access`; later steps use it. */
  token?: string | undefined;
  /** The number of the database's last migration. Set by the step `Schema` while an upgrade is under way. */
  migration?: Migration | undefined;
  /** Changes whenever licences were changed. Set by the step `License`. */
  licenses?: string | undefined;
}

/** One part of a visit. */
export type VisitStep = SharedStep<Visit, VisitTools>;

/** What makes a periodic step of visits to control planes. */
export type PeriodicOptions = SharedOptions<Visit, VisitTools>;
/** See the shared one. */
export const periodicStep = shared<Visit, VisitTools>;
