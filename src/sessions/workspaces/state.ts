/** What can be done with a workspace as it is. Pure. */
import { isUnderWay, type Workspace } from "../../inventory/mod.ts";
import type { SessionErrorCode } from "../types.ts";

export type Verdict =
  | { readonly is: "running" }
  /** It is being started already: nobody has to agree to that. */
  | { readonly is: "starting" }
  /** It can be started, by whoever agrees to that. `why` is for people. */
  | { readonly is: "stopped"; readonly why: string }
  /** It can be started once another build is over. */
  | { readonly is: "busy"; readonly why: string }
  /** It cannot be worked in, and a start does not help. */
  | { readonly is: "lost"; readonly why: string; readonly code: SessionErrorCode };

/** Looks at its latest build, and at what its template asks for. `why` begins with a verb: the workspace is its subject. */
export function verdictOf(workspace: Workspace): Verdict {
  const { latest_build: { status, transition, job }, dormant_at: dormant } = workspace;
  const said = job?.error === undefined || job.error === "" ? "" : `: ${oneLine(job.error)}`;
  if (transition === "delete" || status === "deleted" || status === "deleting") {
    if (status === "deleted") return { is: "lost", why: "was deleted", code: "not_found" };
    if (isUnderWay(status)) return { is: "lost", why: "is being deleted", code: "not_found" };
    return {
      is: "lost",
      why: `could not be deleted${said}: delete it again, or start it yourself`,
      code: "failed",
    };
  }
  if (isUnderWay(status)) {
    if (status === "canceling") return { is: "busy", why: `has a ${transition} that is being cancelled` };
    return transition === "start" ? { is: "starting" } : { is: "busy", why: "is being stopped" };
  }
  if (status === "running") return { is: "running" };
  if (requiresUpdate(workspace)) {
    return {
      is: "lost",
      why:
        "is not running, is outdated, and its template requires its active version: update it first, which a " +
        "session does not do for you",
      code: "conflict",
    };
  }
  const failed = status === "failed" || status === "canceled"
    ? `is not running: its latest build, a ${transition}, ${
      status === "failed" ? `failed${said}` : "was cancelled"
    }`
    : "";
  const asleep = dormant === null || dormant === undefined
    ? ""
    : `is dormant since ${new Date(dormant).toISOString()}`;
  return { is: "stopped", why: failed || asleep || "is stopped" };
}

function requiresUpdate({ outdated, template_require_active_version: required }: Workspace): boolean {
  return outdated && required === true;
}

const LONGEST = 300;
/** Words of provisioners are foreign: one line, not too long, without control characters. */
export function oneLine(text: string): string {
  const line = text.replace(/[\p{C}\s]+/gu, " ").trim();
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST)}…`;
}

/** How people call it. */
export function nameOf({ owner_name: owner, name }: Pick<Workspace, "owner_name" | "name">): string {
  return `${owner}/${name}`;
}
