/** From what somebody asks for, and what was wished before, to what is wished now. */
import type { ParameterValue } from "../../coder/mod.ts";
import { isUnderWay, type Workspace, type WorkspaceBuild } from "../../inventory/mod.ts";
import { ActionError } from "../error.ts";
import { decide } from "./decide.ts";
import type { Want, WishRecord } from "./types.ts";

/** What takes a build. What is left out stays as it is. */
export interface BuildChange {
  readonly running?: boolean | undefined;
  /** Stopped and started again; merely started where it does not run. */
  readonly restart?: boolean | undefined;
  /** Id of a version of its template. */
  readonly version?: string | undefined;
  /** Others keep their values. */
  readonly parameters?: readonly ParameterValue[] | undefined;
  readonly presetId?: string | undefined;
}

/** Who asks, and when. */
export interface Asking {
  /** Of the wish; random. */
  readonly id: string;
  readonly by: string;
  readonly at: Date;
}

/** What is wished now: the later wish wins, in what it says; the rest of an earlier one still holds. Throws `ActionError`. */
export function accept(
  workspace: Workspace,
  pending: WishRecord | undefined,
  change: BuildChange | { readonly remove: { readonly orphan: boolean } },
  asking: Asking,
): WishRecord {
  const { latest_build: latest } = workspace;
  const before = ofThis(workspace, pending);
  const earlier = before?.wish.want;
  const isDeleting = earlier?.remove !== undefined ||
    latest.transition === "delete" && (isUnderWay(latest.status) || latest.status === "deleted");
  if (!("remove" in change) && isDeleting) {
    throw new ActionError("conflict", `workspace ${workspace.name} is being deleted`);
  }
  return {
    owner: workspace.owner_id,
    name: workspace.name,
    workspace: workspace.id,
    wish: {
      id: asking.id,
      by: asking.by,
      at: asking.at.toISOString(),
      base: latest.build_number,
      want: "remove" in change
        ? {
          running: false,
          isRunningAsked: true,
          remove: { orphan: change.remove.orphan || earlier?.remove?.orphan === true },
        }
        : merge(earlier, change, latest),
    },
    // Somebody may be waiting for the answer.
    ...(before?.sent === undefined ? {} : { sent: before.sent }),
    built: [],
  };
}

/** The earlier wish, where it is one of this workspace and there is something left to do for it. */
function ofThis(workspace: Workspace, pending: WishRecord | undefined): WishRecord | undefined {
  if (pending?.workspace !== workspace.id) return undefined;
  if (pending.sent !== undefined) return pending;
  const step = decide({ record: pending, workspace, parameters: undefined });
  return step.do === "rest" ? undefined : pending;
}

function merge(earlier: Want | undefined, change: BuildChange, latest: WorkspaceBuild): Want {
  const isStarted = latest.transition === "start";
  const running = change.running ?? (change.restart === true ? true : earlier?.running ?? isStarted);
  const isRunningAsked = change.running !== undefined || change.restart === true ||
    earlier?.isRunningAsked === true;
  const version = change.version ?? earlier?.version;
  const presetId = change.presetId ?? earlier?.presetId;
  const parameters = mergeValues(earlier?.parameters, change.parameters);
  // What is being started needs no restart.
  const isStarting = isStarted && isUnderWay(latest.status);
  const rebuild = running && (change.restart === true && !isStarting || earlier?.rebuild === true);
  return {
    running,
    isRunningAsked,
    ...(version === undefined ? {} : { version }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(presetId === undefined ? {} : { presetId }),
    ...(rebuild ? { rebuild } : {}),
  };
}

function mergeValues(
  earlier: readonly ParameterValue[] | undefined,
  later: readonly ParameterValue[] | undefined,
): ParameterValue[] | undefined {
  if (earlier === undefined && later === undefined) return undefined;
  const names = new Set(later?.map(({ name }) => name));
  return [...(earlier ?? []).filter(({ name }) => !names.has(name)), ...(later ?? [])];
}
