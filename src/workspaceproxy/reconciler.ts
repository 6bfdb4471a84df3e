/** One pass over one workspace proxy: its children, its status, its end. */
import {
  CoderWorkspaceProxies,
  parseWorkspaceProxy,
  type WorkspaceProxy,
  type WorkspaceProxyStatus,
} from "../api/workspace_proxy.ts";
import type { ObjectKey } from "../api/object.ts";
import { concludePass, passFacts } from "../operator/pass/conclude.ts";
import type { StepFailure } from "../operator/pass/failure.ts";
import { gatheringEvents } from "../operator/pass/gathered_events.ts";
import { readOwner } from "../operator/pass/read.ts";
import { runSteps } from "../operator/pass/step.ts";
import type { Reconcile, ReconcileContext, ReconcileResult } from "../reconciler/reconcile.ts";
import { childName } from "./children.ts";
import { disruptionBudgetStep, exposureStep, serviceStep } from "./child_steps.ts";
import { deploymentStep } from "./deployment_step.ts";
import { endPass } from "./end_pass.ts";
import { finalizerStep } from "./finalizer_step.ts";
import { type ProxyResults, Report } from "./results.ts";
import { nextStatus } from "./status.ts";
import type { Pass, PassState, Step, Tools } from "./step.ts";
import { broughtTokenStep, oldTokensStep } from "./token_steps.ts";

/** What is done, stage by stage. What concerns Coder itself (the registration) is done by visits: see `visits/`. */
const STAGES: readonly (readonly Step[])[] = [
  // The Service first: its addresses tell pods of which family theirs are.
  [finalizerStep, serviceStep],
  [deploymentStep, broughtTokenStep],
  [exposureStep, disruptionBudgetStep, oldTokensStep],
];

/** What passes work with beside the tools of their steps. */
export interface ReconcilerOptions extends Tools {
  /** What visits to Coder found out. @default there are no visits */
  results?: ProxyResults;
  /** @default {STAGES} */
  stages?: readonly (readonly Step[])[];
}

/** Makes the reconcile function of workspace proxies. */
export function proxyReconcile(options: ReconcilerOptions): Reconcile {
  return (key, context) => gatheringEvents(options, (tools) => reconcile(key, context, tools));
}

async function reconcile(
  key: ObjectKey,
  context: ReconcileContext,
  options: ReconcilerOptions,
): Promise<ReconcileResult | void> {
  const { kinds, redact, results, stages = STAGES } = options;
  const object = kinds.workspaceProxies.get(key);
  if (object === undefined) return;
  if (object.metadata.deletionTimestamp !== undefined) return await endPass(object, options, context);
  const state: PassState = {
    key,
    kind: { type: CoderWorkspaceProxies, informer: kinds.workspaceProxies, noun: "workspace proxy" },
    object,
    deploymentKey: { namespace: key.namespace, name: childName(object) },
    ...context,
    report: new Report(),
    result: results?.get(object.metadata.uid ?? ""),
    unvisited: results === undefined,
  };
  const read = readOwner(object, parseWorkspaceProxy, redact);
  if ("failure" in read) return await conclude(state, undefined, [read.failure], options);
  const pass: Pass = { ...state, proxy: read.value };
  const failures = await runSteps(stages, pass, options);
  return await conclude(pass, pass.proxy, failures, options);
}

async function conclude(
  pass: PassState,
  proxy: WorkspaceProxy | undefined,
  failures: readonly StepFailure[],
  options: ReconcilerOptions,
): Promise<ReconcileResult> {
  const { result, unready, unvisited = false } = pass;
  const facts = { ...passFacts(pass, failures, { result, unvisited }, options), proxy, unready };
  return await concludePass(
    pass,
    failures,
    (before: WorkspaceProxyStatus | undefined) => nextStatus(before, facts),
    options,
  );
}
