/**
 * A visit to one control plane's Coder and its database. Visits have a controller of their own, so that a Coder or a
 * PostgreSQL that hangs never holds up the reconciling of Kubernetes objects.
 */
import type { CoderControlPlane, ControlPlane } from "../../api/control_plane.ts";
import type { ObjectKey } from "../../api/object.ts";
import type { CoderClient } from "../../coder/mod.ts";
import type { OperatorDatabase } from "../../coder/database/mod.ts";
import type { Applier } from "../../kube/applier.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { EventRecorder } from "../../kube/events/events.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";
import type { Report } from "../report.ts";
import type { Migration } from "../upgrade/schema.ts";

/** What every step of a visit works with. */
export interface VisitTools {
  /** Of Kubernetes. */
  client: KubeClient;
  applier: Applier;
  kinds: WorkloadKinds;
  events: EventRecorder;
  /** PostgreSQL. */
  database: OperatorDatabase;
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
export interface Visit {
  readonly key: ObjectKey;
  /** As the API server has it: the owner of what a step makes. */
  readonly object: CoderControlPlane;
  /** With defaults. */
  readonly controlPlane: ControlPlane;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** What the status should say; and when to come back. */
  readonly report: Report;
  /** Pods are available: before, nothing is asked of Coder. */
  readonly ready: boolean;
  /** Changes whenever pods are replaced or become ready: what was found out about Coder before may be out of date. */
  readonly generationOfPods: string;
  /** A client under a token, or under none. All share the connections and the request budget of this Coder. */
  client(token?: string): CoderClient;
  /** Version of Coder that answered, such as `v2.30.0`. Set by the step `Reach`. */
  version?: string | undefined;
  /** Coder answered. Set by the step `Reach`. */
  reachable: boolean;
  /** The operator's token, where it is known to work. Set by the step `Access`; later steps use it. */
  token?: string | undefined;
  /** The number of the database's last migration. Set by the step `Schema` while an upgrade is under way. */
  migration?: Migration | undefined;
  /** Changes whenever licences were changed. Set by the step `License`. */
  licenses?: string | undefined;
}

/** One part of a visit. Steps run one after the other; what one throws is reported and does not stop the others. */
export interface VisitStep {
  /** Names it in logs and conditions. */
  readonly name: string;
  run(visit: Visit, tools: VisitTools): Promise<void>;
  /** Removes what it made in Coder or its database: the control plane is being deleted. Throws where it could not. */
  end?(visit: Visit, tools: VisitTools): Promise<void>;
  /** Forgets what it remembers of a control plane that is gone. */
  forget?(uid: string): void;
}
