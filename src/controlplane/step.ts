/** A pass over one control plane: steps that do not stop each other. */
import type { CoderControlPlane, ControlPlane } from "../api/control_plane.ts";
import type { Deployment } from "../api/kubernetes/types.ts";
import type { ObjectKey } from "../api/object.ts";
import type { Applier } from "../kube/applier.ts";
import type { KubeClient } from "../kube/client.ts";
import type { EventRecorder } from "../kube/events/events.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { WorkloadKinds } from "../workload/kinds.ts";
import type { EnvSources } from "./children/env_sources.ts";
import { type StepFailure, stepFailure } from "./failure.ts";
import type { ReferencedData } from "./children/referenced_data.ts";
import type { Report } from "./report.ts";
import type { VisitResult } from "./coder/results.ts";
import type { UpgradePlan } from "./upgrade/plan.ts";

/** What every step works with. */
export interface Tools {
  client: KubeClient;
  applier: Applier;
  kinds: WorkloadKinds;
  envSources: EnvSources;
  /** What ConfigMaps and Secrets hold, as hashes. */
  referencedData: ReferencedData;
  events: EventRecorder;
  /** Takes secrets out of texts that others wrote. */
  redact: (text: string) => string;
  /** Namespaces that the operator works in; empty means all. */
  namespaces: readonly string[];
  /** Namespaces that control planes may grant rights in without being asked; `*` is a wildcard. */
  workspaceNamespaces: readonly string[];
  /** DNS domain of the cluster, such as `cluster.local`. */
  clusterDomain: string;
  /** @default the wall clock */
  now: () => Date;
}

/** What a pass is about, and what it finds out: for later steps and for the status. */
export interface PassState {
  readonly key: ObjectKey;
  /** As the API server has it: the owner of the children. */
  readonly object: CoderControlPlane;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** What steps want the status to say beside what is made of the Deployment and of failures. */
  readonly report: Report;
  /** What the last visit to Coder found out; undefined before the first one of this process. */
  readonly visit: VisitResult | undefined;
  /** A visit that knows this generation of the object is still to come. @default {false} */
  readonly visitDue?: boolean;
  /** The image that is to run now where that is not the spec's: an upgrade waits, or was stopped. */
  image?: string;
  /** What is done about the image, once that is decided. */
  upgrade?: UpgradePlan;
  /** The live Deployment where it is ours, as of the last that was seen of it. */
  deployment?: Deployment;
  /** Changes of the pod template that wait for the next change of the spec; undefined while that is not known. */
  pendingUpgrade?: readonly string[];
}

/** A pass over an object that could be read. */
export interface Pass extends PassState {
  /** The object with defaults. */
  readonly controlPlane: ControlPlane;
}

/** One part of the work. Throws where it cannot be done. */
export interface Step {
  /** Names it in conditions. */
  readonly name: string;
  run(pass: Pass, tools: Tools): Promise<void>;
}

/**
 * Runs the stages one after the other, the steps of a stage at the same time, all of them whatever happens to others.
 * Throws where the pass itself is aborted.
 */
export async function runSteps(
  stages: readonly (readonly Step[])[],
  pass: Pass,
  tools: Tools,
): Promise<StepFailure[]> {
  const failures: StepFailure[] = [];
  for (const stage of stages) {
    const results = await Promise.allSettled(stage.map((step) => step.run(pass, tools)));
    pass.signal.throwIfAborted();
    results.forEach((result, i) => {
      if (result.status === "rejected") {
        failures.push(stepFailure(stage[i]?.name ?? "", result.reason, tools.redact));
      }
    });
  }
  return failures;
}
