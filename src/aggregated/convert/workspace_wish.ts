/** What somebody wishes of a workspace and is not so yet: how it is shown. */
import { isRunningWanted, type WishRecord } from "../../actions/mod.ts";
import type { WorkspaceSpec } from "../../api/workspace.ts";
import { isUnderWay, type Workspace } from "../../inventory/mod.ts";
import { type Aspect, cut, EPOCH } from "./condition.ts";
import { keptMetadata } from "./kept.ts";
import { timeOf } from "./metadata.ts";
import type { Overlay } from "./overlay.ts";

/** The spec as it is wished. Who wishes it gone wishes nothing else of it. */
export function wished(spec: WorkspaceSpec, workspace: Workspace, wish: WishRecord): WorkspaceSpec {
  const { want } = wish.wish;
  if (want.remove !== undefined) return spec;
  const values = want.parameters?.map(({ name, value }) => [name, value]) ?? [];
  return {
    ...spec,
    running: isRunningWanted(wish, workspace.latest_build),
    ...(want.version === undefined ? {} : { templateVersionID: want.version }),
    ...(values.length === 0 ? {} : { parameters: { ...spec.parameters, ...Object.fromEntries(values) } }),
  };
}

/**
 * Since when it is being deleted; undefined where it is not. As long as finalizers are waited for, that is kept; later
 * Coder's build says it, and one that fails ends the deletion.
 */
export function deletedSince(
  { latest_build: build }: Workspace,
  { shadow, wish }: Overlay,
): string | undefined {
  const { deletionTimestamp, finalizers = [] } = keptMetadata(shadow);
  const wished = wish?.wish.want.remove === undefined ? undefined : timeOf(wish.wish.at);
  const isDeleting = build.transition === "delete" && build.status !== "failed" &&
    build.status !== "canceled";
  const inCoder = wished ?? (isDeleting ? timeOf(build.created_at) : undefined);
  return finalizers.length > 0 ? deletionTimestamp ?? inCoder : inCoder && (deletionTimestamp ?? inCoder);
}

/** What waits, or was refused after it had waited. */
export function changePending({ latest_build }: Workspace, { wish, shadow }: Overlay): Aspect | undefined {
  if (wish === undefined) {
    const { refusal } = shadow ?? {};
    if (refusal === undefined) return undefined;
    const since = timeOf(refusal.at) ?? EPOCH;
    return { status: false, reason: "Refused", message: cut(refusal.message), since };
  }
  const { by, at, want } = wish.wish;
  const since = timeOf(at) ?? EPOCH;
  const [reason, why] = waiting(wish, latest_build);
  return { status: true, reason, message: cut(`${by} asked at ${since} for ${words(want)}: ${why}`), since };
}

function waiting(
  { sent }: WishRecord,
  { status, transition, build_number }: Workspace["latest_build"],
): readonly [reason: string, why: string] {
  if (sent !== undefined && build_number <= sent.above) {
    return ["AnswerAwaited", "Coder was asked for it, and its answer is looked after"];
  }
  return isUnderWay(status)
    ? ["BuildActive", `it is done when the build that is active (${transition}) is over`]
    : ["Waiting", "it is done as soon as Coder takes it"];
}

/** Names of parameters, not their values. */
function words(want: WishRecord["wish"]["want"]): string {
  if (want.remove !== undefined) return "its deletion";
  const asked = [
    ...(want.isRunningAsked ? [`running ${want.running}`] : []),
    ...(want.version === undefined ? [] : [`version ${want.version}`]),
    ...(want.parameters === undefined
      ? []
      : [`parameters ${want.parameters.map(({ name }) => name).join(", ")}`]),
    ...(want.presetId === undefined ? [] : [`preset ${want.presetId}`]),
    ...(want.rebuild === true ? ["a restart"] : []),
  ];
  return asked.length === 0 ? "a build" : asked.join(", ");
}
