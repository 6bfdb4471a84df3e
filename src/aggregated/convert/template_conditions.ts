/**
 * The conditions of a template. As those of a workspace, they follow from records alone, and are as kstatus reads them:
 * `Ready` says that the active version is what was asked for last.
 */
import { conditionOf } from "../../actions/templates/mod.ts";
import type { Condition } from "../../api/kubernetes/types.ts";
import type { Template } from "../../inventory/mod.ts";
import { type Aspect, condition, cut, EPOCH } from "./condition.ts";
import { keptAttemptAt, keptSource, keptTemplateSpec } from "./kept.ts";
import { timeOf } from "./metadata.ts";
import { NO_OVERLAY, type Overlay } from "./overlay.ts";

/** In a fixed order. */
export function templateConditions(template: Template, overlay: Overlay = NO_OVERLAY): Condition[] {
  const applied = sourceApplied(overlay);
  const refused = refusal(overlay);
  const source = sourceReady(template, overlay, refused);
  const brief = applied && { ...applied, message: cut(conditionOf(overlay.change)?.summary ?? "") };
  const progress = brief?.status === "unknown" ? brief : sourceProgress(template, overlay);
  const failed = progress === undefined ? brief ?? refused : undefined;
  return [
    condition("Ready", readiness(template, progress ?? failed)),
    condition("Deprecated", deprecation(template)),
    ...(applied === undefined ? [] : [condition("SourceApplied", applied)]),
    ...(source === undefined ? [] : [condition("SourceReady", source)]),
    ...(progress === undefined ? [] : [condition("Reconciling", { ...progress, status: true })]),
    ...(failed === undefined ? [] : [condition("Stalled", { ...failed, status: true })]),
  ];
}

/** When it was last changed or given another version is as near as the record comes to when it became ready. */
function readiness(template: Template, trouble: Aspect | undefined): Aspect {
  if (trouble !== undefined) return { ...trouble, status: false };
  const since = timeOf(template.updated_at) ?? EPOCH;
  return { status: true, reason: "Active", message: "The active version can be used", since };
}

function sourceApplied({ change }: Overlay): Aspect | undefined {
  const found = conditionOf(change);
  if (found === undefined) return undefined;
  const { reason, message, lastTransitionTime } = found;
  const since = timeOf(lastTransitionTime) ?? EPOCH;
  return { status: found.status === "Unknown" ? "unknown" : found.status === "True", reason, message, since };
}

function sourceReady(
  template: Template,
  { shadow }: Overlay,
  refused: Aspect | undefined,
): Aspect | undefined {
  if (keptTemplateSpec(shadow).source === undefined) return undefined;
  if (refused !== undefined) return refused;
  const since = timeOf(template.updated_at) ?? EPOCH;
  return keptSource(shadow).source?.checkedAt === undefined
    ? { status: "unknown", reason: "NotChecked", message: "The source was not looked at so far", since }
    : { status: true, reason: "Checked", message: "The source can be read", since };
}

/** What is done with a new revision: between two versions nothing of it is on record but this. */
function sourceProgress(template: Template, { shadow }: Overlay): Aspect | undefined {
  const { phase, attemptedRevision = "a new revision" } = keptSource(shadow).source ?? {};
  if (phase === undefined || !WORD.test(phase)) return undefined;
  const since = timeOf(keptAttemptAt(shadow)) ?? timeOf(template.updated_at) ?? EPOCH;
  const message = cut(`${attemptedRevision} of the source is being built, tried or promoted`);
  return { status: "unknown", reason: phase, message, since };
}

/** Of a source that cannot be read, say. */
function refusal({ shadow }: Overlay): Aspect | undefined {
  if (shadow?.refusal === undefined) return undefined;
  const { reason, message, at } = shadow.refusal;
  return {
    status: false,
    reason: WORD.test(reason) ? reason : "Refused",
    message: cut(message),
    since: timeOf(at) ?? EPOCH,
  };
}

/** What the Kubernetes API takes for a reason. */
const WORD = /^[A-Za-z][A-Za-z0-9_]{0,127}$/;

function deprecation({ deprecated, deprecation_message, updated_at, created_at }: Template): Aspect {
  const since = timeOf(deprecated ? updated_at : created_at) ?? EPOCH;
  return deprecated
    ? {
      status: true,
      reason: "Deprecated",
      message: deprecation_message || "New workspaces of it are refused",
      since,
    }
    : { status: false, reason: "InUse", message: "New workspaces of it are accepted", since };
}
