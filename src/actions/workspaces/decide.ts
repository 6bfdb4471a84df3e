/** The one next step towards a wish, as a function of what Coder says. */
import type { NewBuild, ParameterValue } from "../../coder/mod.ts";
import { isUnderWay, type Workspace, type WorkspaceBuild } from "../../inventory/mod.ts";
import { SENT_MS, type Want, type WishRecord } from "./types.ts";

/** How a wish ends. */
export type Outcome =
  /** It is so. */
  | "done"
  /** The last build that it takes is under way. */
  | "underWay"
  /** A build for it failed, or was cancelled. It is tried again when somebody asks again. */
  | "failed"
  /** Somebody has asked for something else since, in Coder. */
  | "superseded"
  /** There is no such workspace any more. */
  | "gone";

export type Step =
  | { readonly do: "build"; readonly build: NewBuild }
  /** Coder takes no build as long as one is active. */
  | { readonly do: "wait"; readonly build: WorkspaceBuild }
  /** Ask Coder for the values of the latest build. */
  | { readonly do: "ask" }
  | { readonly do: "rest"; readonly outcome: Outcome };

/** What a decision rests on. */
export interface Facts {
  readonly record: WishRecord;
  /** As Coder has it now; undefined where it is gone. */
  readonly workspace: Workspace | undefined;
  /** Values of the latest build; undefined where they are not known. */
  readonly parameters: readonly ParameterValue[] | undefined;
}

/** Builds that Coder makes by itself: no wish of anybody. */
const AUTOMATIC = new Set(["autostart", "autostop", "dormancy", "autodelete"]);

/** Decides. What was sent has to be known to have happened or not: see {@linkcode whatBecameOf}. */
export function decide({ record, workspace, parameters }: Facts): Step {
  const latest = workspace?.latest_build;
  if (latest === undefined || latest.status === "deleted") return rest("gone");
  const { wish, built } = record;
  const { want } = wish;
  const isNew = latest.build_number > wish.base;
  const isOurs = built.includes(latest.build_number);
  const isActive = isUnderWay(latest.status);
  const hasFailed = latest.status === "failed" || latest.status === "canceled";
  if (want.remove !== undefined) {
    if (latest.transition === "delete" && isActive) return rest("underWay");
    if (isActive) return { do: "wait", build: latest };
    if (hasFailed && isOurs) return rest("failed");
    return { do: "build", build: { transition: "delete", orphan: want.remove.orphan } };
  }
  if (latest.transition === "delete" && (isNew || isActive)) return rest("superseded");
  if (isNew && !isOurs && isContrary(latest, want)) return rest("superseded");
  if (isOurs && hasFailed) return rest("failed");
  const target = isRunningWanted(record, latest) ? "start" : "stop";
  const isNeeded = want.parameters !== undefined && latest.transition === target && !isOurs && !hasFailed;
  if (isNeeded && parameters === undefined) return { do: "ask" };
  const isAsWanted = latest.transition === target && !hasFailed && latest.status !== "canceling" &&
    !differs(latest, want, isOurs, parameters ?? []);
  if (isAsWanted) return rest(isActive ? "underWay" : "done");
  if (isActive) return { do: "wait", build: latest };
  // What runs is stopped before it is built differently: many templates do not survive anything else.
  if (target === "start" && latest.status === "running") {
    return { do: "build", build: { transition: "stop" } };
  }
  return {
    do: "build",
    build: {
      transition: target,
      versionId: want.version,
      parameters: want.parameters,
      presetId: want.presetId,
    },
  };
}

/** What became of a request that was about to be sent. */
export function whatBecameOf(
  { sent }: Pick<WishRecord, "sent">,
  latest: Pick<WorkspaceBuild, "build_number" | "transition" | "reason"> | undefined,
  now: number,
): "happened" | "nothing" | "unknown" {
  if (sent === undefined) return "nothing";
  const isLater = latest !== undefined && latest.build_number > sent.above;
  if (!isLater) return now - Date.parse(sent.at) >= SENT_MS || latest === undefined ? "nothing" : "unknown";
  const isNext = latest.build_number === sent.above + 1;
  return isNext && latest.transition === sent.what && !AUTOMATIC.has(latest.reason) ? "happened" : "nothing";
}

/** Whether there is nothing left to do for a wish that is still on record, as far as the workspace alone tells. */
export function isSettled(record: WishRecord, workspace: Workspace): boolean {
  const became = whatBecameOf(record, workspace.latest_build, -Infinity);
  if (became === "unknown") return false;
  return decide({ record: withoutSent(record, became), workspace, parameters: undefined }).do === "rest";
}

/** The record once it is known what became of what was sent. */
export function withoutSent(record: WishRecord, became: "happened" | "nothing"): WishRecord {
  const { sent, ...rest } = record;
  if (sent === undefined || became === "nothing") return rest;
  return { ...rest, built: [...record.built, sent.above + 1] };
}

/** Whether it should run: where nobody has asked for that, who starts or stops it meanwhile is right. */
export function isRunningWanted(
  { wish: { want, base }, built }: WishRecord,
  latest: WorkspaceBuild,
): boolean {
  const isForeign = latest.build_number > base && !built.includes(latest.build_number);
  return isForeign && !want.isRunningAsked ? latest.transition === "start" : want.running;
}

/** Whether somebody has asked Coder for the opposite. */
function isContrary({ transition, reason }: WorkspaceBuild, want: Want): boolean {
  return want.isRunningAsked && (transition === "start") !== want.running && !AUTOMATIC.has(reason);
}

function differs(
  latest: WorkspaceBuild,
  want: Want,
  isOurs: boolean,
  parameters: readonly ParameterValue[],
): boolean {
  if (!isOurs && (want.rebuild === true || want.presetId !== undefined)) return true;
  if (want.version !== undefined && want.version !== latest.template_version_id) return true;
  // Values that Coder dropped are not asked for a second time.
  return !isOurs && differingValues(want.parameters ?? [], parameters);
}

/** Whether any of the values that are wanted is another one. */
function differingValues(wanted: readonly ParameterValue[], there: readonly ParameterValue[]): boolean {
  const values = new Map(there.map(({ name, value }) => [name, value]));
  return wanted.some(({ name, value }) => values.get(name) !== value);
}

function rest(outcome: Outcome): Step {
  return { do: "rest", outcome };
}
