/** What visits to Coder leave for the passes over a provisioner. */
import type { ProvisionerStatus } from "../api/provisioner.ts";
import { type GenerationReport as Generation, Report as Shared } from "../operator/pass/report.ts";
import { type VisitResult, VisitResults } from "../operator/visit/results.ts";
import type { KeyOutcome, KeyRecord } from "./keys/mod.ts";

/** Fields of the status that parts other than the base status set. */
export type ReportedStatus = Omit<
  ProvisionerStatus,
  "observedGeneration" | "readyReplicas" | "phase" | "conditions"
>;

/** See the shared one. */
export type Report = Shared<ReportedStatus>;
export const Report = Shared<ReportedStatus>;
/** See the shared one. */
export type GenerationReport = Generation<ReportedStatus>;

/** The result of the last visit for one provisioner. */
export interface ProvisionerResult extends VisitResult<ReportedStatus> {
  /** The record of keys as the visit read it, and as it left it: the pass stores it with `mergeRecords`. */
  readonly keys?: { readonly base: KeyRecord; readonly mine: KeyRecord } | undefined;
  /** Of the key that pods should run with, for `templateChecksum`; undefined leaves what the template has. */
  readonly checksum?: KeyOutcome["checksum"];
  /** Pods by work, with autoscale; undefined until that is known: what there is stays, within the limits. */
  readonly replicas?: number | undefined;
}

/**
 * See the shared ones. At the end of a provisioner, visits delete keys only once `podsMayRunMs` of `ending.ts` is 0, and
 * passes let go of it once `ended` says that it is done.
 */
export type ProvisionerResults = VisitResults<ProvisionerResult>;
export const ProvisionerResults = VisitResults<ProvisionerResult>;
