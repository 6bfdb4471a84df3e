/** Deployments whose workspaces and templates are shown. */
import type { Naming } from "../../api/control_plane_aggregation.ts";
import type { ObjectKey } from "../../api/object.ts";
import type { CoderClient } from "../../coder/mod.ts";
import type { CopyListener, DeploymentCopy } from "../live/types.ts";

/** One deployment. */
export interface Backend {
  /** `namespace/name` of the control plane, or `static`. */
  readonly id: string;
  /** Where it is shown. */
  readonly namespace: string;
  /** Absent where flags name the deployment. */
  readonly controlPlane?: ObjectKey;
  readonly copy: DeploymentCopy;
  /** As it is now. */
  readonly naming: Naming;
  /** When the control plane was created, RFC 3339; empty where that is not known. */
  readonly createdAt: string;
  /** Why its Coder is not asked now; undefined while it is. */
  readonly waiting: string | undefined;
  /** Uid of the control plane; empty where there is none. */
  readonly uid: string;
  /** The way to Coder, for what changes something there. Rejects where there is none now; the message says why. */
  open(signal: AbortSignal): Promise<CoderClient>;
}

/** Hears what happens to backends and their copies, synchronously. Must not throw. */
export interface BackendsListener {
  /** A backend came, went, or is to be named otherwise. */
  changed(): void;
  /** Hears of a backend's records. Called once, before `changed`. */
  listen(backend: Backend): CopyListener;
}

/** All deployments. */
export interface Backends {
  /** In the order of their namespaces and names. */
  list(): readonly Backend[];
  /** Those of one namespace. */
  inNamespace(namespace: string): readonly Backend[];
  /** Control planes that cannot be shown, and why, by `namespace/name`. */
  readonly skipped: ReadonlyMap<string, string>;
  /** Keeps the copies up to date until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}
