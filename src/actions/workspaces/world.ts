/** What actions need of the world, and what they share. */
import {
  CoderApiError,
  type CoderClient,
  CoderError,
  isAborted,
  isConflict,
  isNotFound,
  isTransient,
  isUnauthorized,
  mayHaveHappened,
} from "../../coder/mod.ts";
import type { DeploymentCopy, Workspace } from "../../inventory/mod.ts";
import type { AuditSink } from "../audit.ts";
import { ActionCalls, type OpenAs } from "../calls.ts";
import { ActionError } from "../error.ts";
import type { WishStore } from "./store.ts";

/** The calls that actions make. */
export type ActionClient = Pick<
  CoderClient,
  "workspaces" | "workspaceChanges" | "templates" | "templateInputs"
>;

/** Where what was learnt is entered at once. */
export type ActionCopy = Pick<
  DeploymentCopy,
  "workspace" | "observeWorkspace" | "observeBuild" | "observeGone"
>;

/** One Coder deployment. */
export interface ActionWorld {
  /** The way to Coder. Rejects where there is none now. */
  open(signal: AbortSignal): Promise<ActionClient>;
  readonly store: WishStore;
  readonly copy: ActionCopy;
  readonly audit: AuditSink;
  /** Milliseconds since 1970. */
  now(): number;
  /** Random, for wishes. */
  newId(): string;
}

/** How a write ended that did not succeed. */
export type WriteFailure =
  /** Coder has something in the way: another build, a version that is still imported. */
  | "conflict"
  /** It may have been carried out, or may yet be. */
  | "unknown"
  /** It was not carried out, and may succeed later as it is. */
  | "later"
  /** It was not carried out, and never will be as it is. */
  | "refused";

export function failureOf(error: unknown): WriteFailure {
  if (mayHaveHappened(error)) return "unknown";
  if (isConflict(error)) return "conflict";
  // Nobody else may do it for who may not.
  if (error instanceof ActionError) return "refused";
  return isTransient(error) || isAborted(error) || isUnauthorized(error) || !(error instanceof CoderError)
    ? "later"
    : "refused";
}

/** Whether Coder refuses a build for another one: not, as with 406, for a version that is still imported. */
export function isBuildActive(error: unknown): boolean {
  return isConflict(error) && !(error instanceof CoderApiError && error.status === 406);
}

/** One action at work: its client, and what it did. */
export class Session extends ActionCalls<ActionClient> {
  /** When what is known of the workspace was asked for. */
  lookedAt = -Infinity;

  /** @param openAs how changes are made. @default {as everything else} */
  constructor(readonly world: ActionWorld, signal: AbortSignal, openAs?: OpenAs<ActionClient>) {
    super((signal) => world.open(signal), signal, openAs);
  }

  /** The workspace as it is now; undefined where it is gone. */
  async look(id: string): Promise<Workspace | undefined> {
    const { workspaces } = await this.client();
    this.lookedAt = this.world.now();
    try {
      const workspace = await workspaces.get(id, {}, { signal: this.signal });
      this.world.copy.observeWorkspace(workspace);
      return workspace;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.world.copy.observeGone("workspaces", id);
      return undefined;
    }
  }
}
