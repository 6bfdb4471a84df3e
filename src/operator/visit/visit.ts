/**
 * A visit for one object to Coder, and to what lies behind it. Visits have controllers of their own, so that a Coder or a
 * PostgreSQL that hangs never holds up the reconciling of Kubernetes objects.
 */
import type { KubeObject, ObjectKey } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { EventRecorder } from "../../kube/events/events.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";
import type { Report } from "../pass/report.ts";

/** What every step of a visit works with. */
export interface VisitTools {
  /** Of Kubernetes. */
  client: KubeClient;
  kinds: WorkloadKinds;
  events: EventRecorder;
  /** Takes secrets out of texts that others wrote. */
  redact: (text: string) => string;
  /** Has these texts taken out of everything from now on: for secrets that a step reads or makes. */
  keepSecret: (...secrets: string[]) => void;
  /** @default the wall clock */
  now: () => Date;
  /** In [0, 1). @default {Math.random} */
  random: () => number;
}

/** One visit. */
export interface Visit<O extends KubeObject = KubeObject, S extends object = object> {
  readonly key: ObjectKey;
  /** As the API server has it: the owner of what a step makes. */
  readonly object: O;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** What the status should say; and when to come back. */
  readonly report: Report<S>;
}

/** One part of a visit. Steps run one after the other; what one throws is reported and does not stop the others. */
export interface VisitStep<V, T> {
  /** Names it in logs and conditions. */
  readonly name: string;
  run(visit: V, tools: T): Promise<void>;
  /** Removes what it made in Coder or its database: the object is being deleted. Throws where it could not. */
  end?(visit: V, tools: T): Promise<void>;
  /** Forgets what it remembers of an object that is gone. */
  forget?(uid: string): void;
}

/** Thrown by `end` where nothing has failed: something else has to come first. */
export class NotYetError extends Error {
  override readonly name = "NotYetError";
}
