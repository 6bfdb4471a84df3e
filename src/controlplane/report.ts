/** What the parts of a pass over a control plane, or of a visit to its Coder, want the status to say. */
import type { ControlPlaneStatus } from "../api/control_plane.ts";
import {
  type GenerationReport as Generation,
  Report as Shared,
  type ReportData as Data,
  type StatusChange as Change,
} from "../operator/pass/report.ts";

/** Fields of the status that parts other than the base status set. */
export type ReportedStatus = Omit<
  ControlPlaneStatus,
  "observedGeneration" | "readyReplicas" | "phase" | "conditions"
>;

/** See the shared one. */
export type Report = Shared<ReportedStatus>;
export const Report = Shared<ReportedStatus>;
/** See the shared one. */
export type ReportData = Data<ReportedStatus>;
/** See the shared one. */
export type GenerationReport = Generation<ReportedStatus>;
/** See the shared one. */
export type StatusChange = Change<ReportedStatus>;
