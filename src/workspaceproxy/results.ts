/** What visits to Coder leave for the passes over a workspace proxy. */
import type { WorkspaceProxyStatus } from "../api/workspace_proxy.ts";
import { type GenerationReport as Generation, Report as Shared } from "../operator/pass/report.ts";
import { type VisitResult, VisitResults } from "../operator/visit/results.ts";

/** Fields of the status that parts other than the base status set. */
export type ReportedStatus = Omit<
  WorkspaceProxyStatus,
  "observedGeneration" | "readyReplicas" | "phase" | "conditions"
>;

/** See the shared one. */
export type Report = Shared<ReportedStatus>;
export const Report = Shared<ReportedStatus>;
/** See the shared one. */
export type GenerationReport = Generation<ReportedStatus>;

/** The result of the last visit for one proxy. */
export interface ProxyResult extends VisitResult<ReportedStatus> {
  /** Address of Coder as its users see it (`dashboard_url`), of a proxy that names a control plane. */
  readonly primaryURL?: string | undefined;
  /** Hash of the token that pods should run with, for their template; undefined leaves what the template has. */
  readonly tokenHash?: string | undefined;
}

/** See the shared ones. */
export type ProxyResults = VisitResults<ProxyResult>;
export const ProxyResults = VisitResults<ProxyResult>;
