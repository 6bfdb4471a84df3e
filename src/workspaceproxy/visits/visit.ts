/** A visit for one workspace proxy to the Coder that it belongs to. */
import type { CoderWorkspaceProxy, WorkspaceProxy } from "../../api/workspace_proxy.ts";
import type { Deployment } from "../../api/kubernetes/types.ts";
import type { Listings } from "../../inventory/mod.ts";
import type { Applier } from "../../kube/applier.ts";
import type { ControlPlaneAccess } from "../../operator/visit/control_plane_access.ts";
import type {
  Visit as SharedVisit,
  VisitStep as SharedStep,
  VisitTools as SharedTools,
} from "../../operator/visit/visit.ts";
import type { ReportedStatus, TokenInUse } from "../results.ts";

/** What every step of a visit works with. */
export interface VisitTools extends SharedTools {
  applier: Applier;
  /** The way to Coders. */
  access: ControlPlaneAccess;
  /** What Coders list, asked once for all. */
  listings: Pick<Listings, "proxies" | "onNews" | "forget">;
  /** Waits; resolves when the signal aborts, too. @default {the wall clock's} */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** One visit. */
export interface Visit extends SharedVisit<CoderWorkspaceProxy, ReportedStatus> {
  /** With defaults. */
  readonly proxy: WorkspaceProxy;
  /** Of the Deployment, whoever it belongs to. */
  readonly deploymentName: string;
  /** Our Deployment as the cache has it. */
  readonly deployment: Deployment | undefined;
  /** How often lists said something new of this proxy. */
  readonly news: number;
  /** See `ProxyResult`; what the visit before this one said, until there is something new to say. */
  primaryURL?: string | undefined;
  token?: TokenInUse | undefined;
}

/** One part of a visit. */
export type VisitStep = SharedStep<Visit, VisitTools>;
