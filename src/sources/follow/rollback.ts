/** Whether a version that was promoted may stay, from how workspaces fare with it. Pure. */
import type { Workspace } from "../../inventory/mod.ts";

export type Verdict = "good" | "bad" | "open";

export interface Watched {
  readonly version: string;
  /** RFC 3339. */
  readonly at: string;
  readonly until: string;
}

/** What is read of a workspace. */
export type Built = Pick<Workspace, "id" | "name" | "owner_id" | "template_id"> & {
  readonly latest_build: Pick<
    Workspace["latest_build"],
    "transition" | "status" | "template_version_id" | "created_at"
  >;
};

/**
 * One workspace that was started with the version makes it good; so many different ones that could not be, in the time
 * after its promotion, and none that could, make it bad.
 *
 * @param isOurs whether it is a trial, which says nothing of the workspaces of people
 */
export function verdictOf(
  workspaces: Iterable<Built>,
  template: string,
  { version, at, until }: Watched,
  failedBuilds: number,
  isOurs: (workspace: Built) => boolean,
): Verdict {
  const failed = new Set<string>();
  for (const workspace of workspaces) {
    const { transition, status, template_version_id, created_at } = workspace.latest_build;
    if (workspace.template_id !== template || template_version_id !== version) continue;
    if (transition !== "start" || isOurs(workspace)) continue;
    const begun = Date.parse(created_at);
    if (begun < Date.parse(at) || begun > Date.parse(until)) continue;
    if (status === "running") return "good";
    if (status === "failed") failed.add(workspace.id);
  }
  return failed.size >= failedBuilds ? "bad" : "open";
}
