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

/**
 * The result of the last visit for one proxy. Address and token come together: pods never get the address of one Coder
 * with the token of another.
 */
export interface ProxyResult extends VisitResult<ReportedStatus> {
  /**
   * Address of Coder, as its users see it, that belongs to the token; undefined leaves what the pods that run were told.
   * Always undefined where the operator does not register the proxy.
   */
  readonly primaryURL?: string | undefined;
  /** Names the token that pods should run with; undefined leaves what the Deployment has. */
  readonly tokenHash?: string | undefined;
}

/** `tokenHash` where the Secret held no token when pods of another operator were taken over. */
export const NO_TOKEN = "none";

/** On a Deployment and its pod template: the `tokenHash` that its pods run with. */
export const TOKEN_ANNOTATION = "coder.com/proxy-token";

/** See the shared ones. */
export type ProxyResults = VisitResults<ProxyResult>;
export const ProxyResults = VisitResults<ProxyResult>;
