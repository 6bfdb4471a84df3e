/** Whether a workspace has become what somebody asked for: data in, data out. */
import type { Condition } from "../api/kubernetes/types.ts";
import type { CoderWorkspace } from "../api/workspace.ts";

export type Wanted = "running" | "stopped";

export type Verdict =
  | { readonly is: "done" }
  | { readonly is: "waiting"; readonly why: string }
  /** It runs, and its agents are not well: that may pass. */
  | { readonly is: "unwell"; readonly why: string }
  | { readonly is: "failed"; readonly why: string };

function conditionOf({ status }: CoderWorkspace, type: string): Condition | undefined {
  return status.conditions?.find((one) => one.type === type);
}

/**
 * The build that what was asked for leads to, or one after it, from the object that answered. A replica that has not heard
 * yet still shows an earlier one, whose state says nothing.
 */
export function firstBuild(answered: CoderWorkspace): number {
  const number = answered.status.latestBuild?.number ?? 0;
  return conditionOf(answered, "ChangePending")?.status === "True" ? number + 1 : number;
}

/** @param first from {@linkcode firstBuild} */
export function judge(workspace: CoderWorkspace, wanted: Wanted, first: number): Verdict {
  const { metadata, spec, status } = workspace;
  const build = status.latestBuild;
  const pending = conditionOf(workspace, "ChangePending");
  const ready = conditionOf(workspace, "Ready");
  if (metadata.deletionTimestamp !== undefined) return { is: "failed", why: "it is being deleted" };
  if (pending?.status === "True") return { is: "waiting", why: said(pending, "it waits") };
  const isNews = (build?.number ?? 0) >= first;
  if (isNews && wanted === "stopped" && status.latestBuildStatus === "stopped") return { is: "done" };
  if (isNews && wanted === "running" && spec.running === true && ready?.status === "True") {
    return { is: "done" };
  }
  if (pending?.status === "False") return { is: "failed", why: said(pending, "Coder refused it") };
  if (!isNews) return { is: "waiting", why: "the build is not shown yet" };
  if (conditionOf(workspace, "Building")?.status === "True") {
    return { is: "waiting", why: said(conditionOf(workspace, "Building"), "a build is under way") };
  }
  if (status.latestBuildStatus === "failed" || status.latestBuildStatus === "canceled") {
    const which = `build ${build?.number ?? "?"} (${build?.transition ?? "?"}) ${
      status.latestBuildStatus === "failed" ? "failed" : "was cancelled"
    }`;
    return { is: "failed", why: build?.error === undefined ? which : `${which}: ${build.error}` };
  }
  if ((spec.running === true) !== (wanted === "running")) {
    const by = build?.initiatorName === undefined ? "somebody" : build.initiatorName;
    return {
      is: "failed",
      why: `${by} asked for something else meanwhile: it is ${
        status.latestBuildStatus ?? "in another state"
      }`,
    };
  }
  const why = said(ready, `it is ${status.latestBuildStatus ?? "in no known state"}`);
  return { is: ready?.reason === "AgentsUnhealthy" ? "unwell" : "waiting", why };
}

function said(condition: Condition | undefined, otherwise: string): string {
  return condition?.message ? condition.message : otherwise;
}
