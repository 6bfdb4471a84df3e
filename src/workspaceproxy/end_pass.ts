/** A pass over a workspace proxy that is being deleted: nothing is made any more, and what there is ends in order. */
import {
  CoderWorkspaceProxies,
  type CoderWorkspaceProxy,
  type WorkspaceProxyStatus,
} from "../api/workspace_proxy.ts";
import { Deployments } from "../api/kubernetes/resources.ts";
import type { Deployment } from "../api/kubernetes/types.ts";
import { keyOf } from "../api/object.ts";
import { isConflict, isNotFound } from "../kube/errors.ts";
import { ownDeployment } from "../operator/children/deployment.ts";
import { TERMINATING } from "../operator/pass/ending.ts";
import { dropFinalizer } from "../operator/pass/finalizers.ts";
import { transitions } from "../operator/pass/transitions.ts";
import type { ReconcileContext, ReconcileResult } from "../reconciler/reconcile.ts";
import { withConditions } from "../workload/conditions.ts";
import { writeStatus } from "../workload/status_writer.ts";
import { childName } from "./children.ts";
import {
  finalizerMayStayMs,
  GIVE_UP_ANNOTATION,
  isHeldForCoder,
  isOrphaning,
  podsMayRunMs,
  PROXY_FINALIZER,
} from "./ending.ts";
import type { ProxyResults } from "./results.ts";
import type { Tools } from "./step.ts";

/** What an end works with. */
export type EndTools = Pick<Tools, "client" | "kinds" | "events" | "redact" | "now"> & {
  /** What visits found out. @default there are no visits */
  readonly results?: ProxyResults | undefined;
};

/** Brings the end forward. Returns when to look again. */
export async function endPass(
  object: CoderWorkspaceProxy,
  tools: EndTools,
  { signal }: Pick<ReconcileContext, "signal">,
): Promise<ReconcileResult> {
  if (!isHeldForCoder(object)) return {};
  const { client, events, kinds, results } = tools;
  const deploymentKey = { namespace: object.metadata.namespace ?? "", name: childName(object) };
  const live = ownDeployment({ deploymentKey, object }, tools);
  if (isOrphaning(object, kinds.deployments.get(deploymentKey))) {
    const note = "The registration stays in Coder: what belongs to the proxy was to stay, too";
    events.event(object, "Normal", "RegistrationKept", note, "Delete");
    await dropFinalizer(CoderWorkspaceProxies, object, PROXY_FINALIZER, { client, signal });
    return {};
  }
  if (live !== undefined && live.metadata.deletionTimestamp === undefined) {
    await endPods(object, live, tools, signal);
  }
  const now = tools.now();
  const podsMs = podsMayRunMs(object, live, now);
  if (podsMs > 0) {
    await say(object, "PodsEnding", "The pods end first", tools, signal);
    return { requeueAfterMs: podsMs };
  }
  const ended = results?.ended(object.metadata.uid ?? "");
  if (results !== undefined && ended?.done !== true) {
    const leftMs = finalizerMayStayMs(object, now);
    const why = tools.redact(ended?.message || "Coder is asked to remove the registration");
    if (leftMs > 0) {
      await say(object, "RemovingRegistration", `${why}. ${wayOut(object)}`, tools, signal);
      return { requeueAfterMs: leftMs };
    }
    const note = `The registration could not be removed from Coder, and is left there: ${why}`;
    events.event(object, "Warning", "RegistrationAbandoned", note, "Delete");
  }
  await dropFinalizer(CoderWorkspaceProxies, object, PROXY_FINALIZER, { client, signal });
  return {};
}

/** Deletes the Deployment in such a way that it is gone when its last pod is. */
async function endPods(
  object: CoderWorkspaceProxy,
  live: Deployment,
  { client, events }: EndTools,
  signal: AbortSignal,
): Promise<void> {
  const { uid } = live.metadata;
  const options = {
    signal,
    propagationPolicy: "Foreground" as const,
    ...(uid !== undefined && { preconditions: { uid } }),
  };
  try {
    await client.delete(Deployments, keyOf(live), options);
  } catch (error) {
    // It is gone, and perhaps another one has its name.
    if (isNotFound(error) || isConflict(error)) return;
    throw error;
  }
  events.event(object, "Normal", "Deleted", `Deleted Deployment ${live.metadata.name ?? ""}`, "Delete");
}

function wayOut({ metadata: { name, namespace } }: CoderWorkspaceProxy): string {
  return `Where that Coder is gone for good: kubectl annotate coderworkspaceproxy ${name} --namespace ${namespace} ` +
    `${GIVE_UP_ANNOTATION}=true`;
}

async function say(
  object: CoderWorkspaceProxy,
  reason: string,
  message: string,
  { client, events, kinds, now }: EndTools,
  signal: AbortSignal,
): Promise<void> {
  const moment = { generation: object.metadata.generation ?? 0, now: now() };
  const said = [
    { type: TERMINATING, status: "True" as const, reason, message },
    { type: "Ready", status: "False" as const, reason: "Terminating", message: "The proxy is being deleted" },
  ];
  const { before, after, written } = await writeStatus<WorkspaceProxyStatus, CoderWorkspaceProxy>({
    client,
    informer: kinds.workspaceProxies,
    type: CoderWorkspaceProxies,
    object,
    next: (status) => ({ ...status, conditions: withConditions(status?.conditions, said, [], moment) }),
    signal,
  });
  if (!written) return;
  for (const { type, reason, note } of transitions(before?.conditions, after.conditions)) {
    events.event(object, type, reason, note);
  }
}
