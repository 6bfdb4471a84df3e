/** A pass over a control plane that is being deleted: what is outside of its namespace goes, then what holds it. */
import type { CoderControlPlane } from "../api/control_plane.ts";
import { tellCleanUp } from "../operator/rbac/clean_up.ts";
import type { ReconcileContext, ReconcileResult } from "../reconciler/reconcile.ts";
import type { VisitResults } from "./coder/results.ts";
import { endContents } from "./deletion/end_contents.ts";
import { finalize, hasFinalizer } from "./finalizer.ts";
import type { Tools } from "./step.ts";

export type EndTools = Pick<Tools, "client" | "events" | "kinds" | "namespaces" | "now" | "redact"> & {
  /** What visits to Coder found out. @default there are no visits */
  readonly results?: VisitResults;
};

/** How long the end waits for what the operator itself made in Coder, in milliseconds. */
const END_PATIENCE_MS = 120_000;

/** Brings the end forward. Returns when to look again. */
export async function endPass(
  object: CoderControlPlane,
  tools: EndTools,
  { signal }: Pick<ReconcileContext, "signal">,
): Promise<ReconcileResult | void> {
  const { client, events, namespaces, redact, results } = tools;
  if (results !== undefined && hasFinalizer(object)) {
    const waitMs = await endInCoder(object, { ...tools, results }, signal);
    if (waitMs > 0) return { requeueAfterMs: waitMs };
  }
  try {
    tellCleanUp(await finalize(object, { client, namespaces, signal }), object, events);
  } catch (error) {
    signal.throwIfAborted();
    const text = redact(error instanceof Error ? error.message : String(error));
    events.event(
      object,
      "Warning",
      "CleanupFailed",
      `Workspace RBAC could not be removed: ${text}`,
      "Delete",
    );
    throw error;
  }
}

/** For how long it goes on at most, in milliseconds; 0: no more. */
async function endInCoder(
  object: CoderControlPlane,
  tools: EndTools & { readonly results: VisitResults },
  signal: AbortSignal,
): Promise<number> {
  const contents = await endContents(object, tools, signal);
  // A time-out of 0 is none: what is left of it is written down by then.
  if (contents.waitMs !== undefined) return Math.max(1, contents.waitMs);
  const ended = tools.results.ended(object.metadata.uid ?? "");
  if (ended?.done === true) return 0;
  const { deletionTimestamp = "" } = object.metadata;
  const since = Math.max(Date.parse(deletionTimestamp), contents.overSince?.getTime() ?? -Infinity);
  const left = since + END_PATIENCE_MS - tools.now().getTime();
  if (left > 0) return left;
  const note = "What the operator made in Coder could not be removed, and is left: " +
    (ended?.message || "Coder and its database were not reached");
  tools.events.event(object, "Warning", "AccessNotRevoked", note, "Delete");
  return 0;
}
