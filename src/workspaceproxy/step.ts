/** A pass over one workspace proxy. */
import type { CoderWorkspaceProxy, WorkspaceProxy } from "../api/workspace_proxy.ts";
import type { EnvSources } from "../operator/children/env_sources.ts";
import type { Trouble } from "../operator/pass/report.ts";
import type {
  PassState as SharedState,
  Step as SharedStep,
  Tools as SharedTools,
} from "../operator/pass/step.ts";
import type { ProxyResult, ReportedStatus } from "./results.ts";

/** What every step works with. */
export interface Tools extends SharedTools {
  envSources: EnvSources;
}

/** What a pass is about, and what it finds out: for later steps and for the status. */
export interface PassState extends SharedState<CoderWorkspaceProxy, ReportedStatus> {
  /** What the last visit to Coder found out; undefined before the first one of this process. */
  readonly result: ProxyResult | undefined;
  /** Nobody visits Coder: what the spec says is all that there is. @default {false} */
  readonly unvisited?: boolean;
  /** What pods wait for, while there are none. */
  unready?: Trouble;
}

/** A pass over an object that could be read. */
export interface Pass extends PassState {
  /** The object with defaults. */
  readonly proxy: WorkspaceProxy;
}

/** One part of the work. Throws where it cannot be done. */
export type Step = SharedStep<Pass, Tools>;
