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

/** The token that pods should run with: where it is, and a name for it that changes with it. */
export interface TokenInUse {
  readonly name: string;
  readonly key: string;
  /** {@linkcode NO_TOKEN} where there is none. */
  readonly hash: string;
}

/**
 * The result of the last visit for one proxy. Address and token come together: pods never get the address of one Coder
 * with the token of another. Both are undefined where the operator does not register the proxy.
 */
export interface ProxyResult extends VisitResult<ReportedStatus> {
  /** Address of Coder, as its users see it; undefined leaves what the pods that run were told. */
  readonly primaryURL?: string | undefined;
  /** Undefined leaves what the Deployment has. */
  readonly token?: TokenInUse | undefined;
}

/** The hash where the Secret held no token when pods of another operator were taken over. */
export const NO_TOKEN = "none";

/** On a Deployment and its pod template: the hash of the token that its pods run with. */
export const TOKEN_ANNOTATION = "coder.com/proxy-token";

/** See the shared ones. */
export type ProxyResults = VisitResults<ProxyResult>;
export const ProxyResults = VisitResults<ProxyResult>;
