/** What the status says of workspace RBAC. */
import type { Report, Trouble } from "../pass/report.ts";

/** What came of all namespaces. */
export interface RbacResult {
  /** Namespaces in which the rights are in place, be it that they are only kept. */
  granted: readonly string[];
  problems: readonly Trouble[];
  warnings: readonly Trouble[];
  /** Namespaces are watched. */
  watched: boolean;
}

const CONDITION = "WorkspaceRBAC";

/** More than this is counted, not listed. */
const LISTED = 10;

/** When to look again after what no watch tells, in milliseconds, by reason. */
const LOOK_AGAIN_MS: Readonly<Record<string, number>> = {
  APIUnavailable: 10_000,
  Conflict: 1_000,
  Failed: 30_000,
  ForeignObject: 60_000,
  Rejected: 300_000,
  // The operator may have been given more rights.
  Forbidden: 300_000,
};

/** Only a watch of Namespaces tells of these: without one it takes a look, in milliseconds. */
const UNWATCHED_MS = 60_000;
const TOLD_BY_NAMESPACES: ReadonlySet<string> = new Set(["NamespaceMissing", "NamespaceTerminating"]);

/** Nothing is granted, because nothing is wanted. */
export function reportDisabled(report: Report, why: Trouble, problems: readonly Trouble[]): void {
  if (problems.length > 0) return reportRbac(report, { granted: [], problems, warnings: [], watched: true });
  report.condition({ type: CONDITION, status: "False", ...why });
}

/** Nobody knows what is wanted. */
export function reportUnknown(report: Report, { reason, message }: Trouble): void {
  const stays = `${message}; rights to run workspaces that were granted stay as they are`;
  report.condition({ type: CONDITION, status: "Unknown", reason, message: stays });
}

/** The condition, what is wrong, what should not be so, and when to look again. */
export function reportRbac(report: Report, { granted, problems, warnings, watched }: RbacResult): void {
  const where = granted.length === 0 ? "nowhere" : `in ${listed(granted, ", ")}`;
  for (const warning of warnings) report.warning(warning);
  if (problems.length === 0) {
    const message = `The rights to run workspaces are granted ${where}`;
    report.condition({ type: CONDITION, status: "True", reason: "Granted", message });
    return;
  }
  const message = `The rights to run workspaces are granted ${where}. Missing: ${
    listed(problems.map((problem) => problem.message), "; ")
  }`;
  const reasons = new Set(problems.map(({ reason }) => reason));
  const [only = ""] = reasons;
  const reason = reasons.size === 1 ? only : "PartlyGranted";
  report.condition({ type: CONDITION, status: "False", reason, message });
  // A lost race says nothing about the object.
  if (reason !== "Conflict") report.trouble({ reason: `WorkspaceRBAC${reason}`, message });
  for (const each of reasons) {
    const afterMs = LOOK_AGAIN_MS[each] ??
      (!watched && TOLD_BY_NAMESPACES.has(each) ? UNWATCHED_MS : undefined);
    if (afterMs !== undefined) report.lookAgain(afterMs);
  }
}

function listed(items: readonly string[], separator: string): string {
  const rest = items.length - LISTED;
  const shown = items.slice(0, LISTED).join(separator);
  return rest > 0 ? `${shown}${separator}and ${rest} more` : shown;
}
