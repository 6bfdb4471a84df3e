/** A pass over one object of ours: steps that do not stop each other. */
import type { Deployment } from "../../api/kubernetes/types.ts";
import type { KubeObject, ObjectKey, ResourceType } from "../../api/object.ts";
import type { Applier } from "../../kube/applier.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { EventRecorder } from "../../kube/events/events.ts";
import type { Informer } from "../../kube/informer.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";
import type { ReferencedData } from "../children/referenced_data.ts";
import { type StepFailure, stepFailure } from "./failure.ts";
import type { Report } from "./report.ts";

/** What every step works with. */
export interface Tools {
  client: KubeClient;
  applier: Applier;
  kinds: WorkloadKinds;
  /** What ConfigMaps and Secrets hold, as hashes. */
  referencedData: ReferencedData;
  events: EventRecorder;
  /** Takes secrets out of texts that others wrote. */
  redact: (text: string) => string;
  /** Namespaces that the operator works in; empty means all. */
  namespaces: readonly string[];
  /** Namespaces that rights may be granted in without being asked; `*` is a wildcard. */
  workspaceNamespaces: readonly string[];
  /** DNS domain of the cluster, such as `cluster.local`. */
  clusterDomain: string;
  /** @default the wall clock */
  now: () => Date;
}

/** The kind that a pass is about: the owner of what it makes. */
export interface OwnerKind<O extends KubeObject = KubeObject> {
  readonly type: ResourceType<O>;
  readonly informer: Pick<Informer<O>, "get" | "observe">;
  /** For people, such as `control plane`. */
  readonly noun: string;
}

/** What a pass is about, and what it finds out: for later steps and for the status. */
export interface PassState<O extends KubeObject = KubeObject, S extends object = object> {
  readonly key: ObjectKey;
  readonly kind: OwnerKind<O>;
  /** As the API server has it: the owner of the children. */
  readonly object: O;
  /** The Deployment of its pods, which may not be there. */
  readonly deploymentKey: ObjectKey;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** What steps want the status to say beside what is made of the Deployment and of failures. */
  readonly report: Report<S>;
  /** The live Deployment where it is ours, as of the last that was seen of it. */
  deployment?: Deployment;
  /** Changes of the pod template that wait for the next change of the spec; undefined while that is not known. */
  pendingUpgrade?: readonly string[];
}

/** One part of the work. Throws where it cannot be done. */
export interface Step<P, T> {
  /** Names it in conditions. */
  readonly name: string;
  run(pass: P, tools: T): Promise<void>;
}

/**
 * Runs the stages one after the other, the steps of a stage at the same time, all of them whatever happens to others.
 * Throws where the pass itself is aborted.
 */
export async function runSteps<P extends Pick<PassState, "signal">, T extends Pick<Tools, "redact">>(
  stages: readonly (readonly Step<P, T>[])[],
  pass: P,
  tools: T,
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
