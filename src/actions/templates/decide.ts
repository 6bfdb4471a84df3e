/** What to do next for a change of files, from what is on record and what Coder says. Pure. */
import type { TemplateVersion } from "../../coder/mod.ts";
import type { BuildWait } from "./poll.ts";
import type { ChangeFailure, ChangeRecord } from "./types.ts";

export type Step =
  /** The version is not there yet, as far as anybody knows. */
  | { readonly do: "createVersion" }
  /** Its import is not over. */
  | { readonly do: "wait" }
  /** Somebody else is about to make the version. */
  | { readonly do: "leave" }
  | { readonly do: "promote"; readonly version: string }
  /** It is there, and was to be no more than that. */
  | { readonly do: "keep"; readonly version: string }
  /** It is the active version. */
  | { readonly do: "done" }
  /** It ends here; `cancel`: its import is still going on, for nothing. */
  | { readonly do: "fail"; readonly reason: ChangeFailure["reason"]; readonly cancel: boolean };

/**
 * Values of variables are known to the request alone, which makes the version at once. Whoever else finds the change on
 * record meanwhile waits so long, in milliseconds, before it says that they are lost: longer than a request to Coder takes.
 */
export const INPUTS_LOST_AFTER_MS = 60_000;

export interface Known {
  readonly record: ChangeRecord;
  /** Of the name on record, or with the id on record; undefined where there is none. */
  readonly version: TemplateVersion | undefined;
  /** The template's active version. */
  readonly active: string;
  /** Whether the values of variables are at hand. */
  readonly hasVariables: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly wait: Pick<BuildWait, "timeoutMs">;
}

export function decide({ record, version, active, hasVariables, now, wait }: Known): Step {
  if (version !== undefined && version.id === active && isOver(version)) {
    // A first version is active from the start, even where its import fails.
    const reason = endOf(version);
    return reason === undefined ? { do: "done" } : { do: "fail", reason, cancel: false };
  }
  const isOurs = active === version?.id || record.bases.includes(active);
  if (!isOurs) return { do: "fail", reason: "Superseded", cancel: version !== undefined && !isOver(version) };
  if (version === undefined) {
    if (record.hasVariables && !hasVariables) {
      const isLost = now - Date.parse(record.at) >= INPUTS_LOST_AFTER_MS;
      return isLost ? { do: "fail", reason: "InputsLost", cancel: false } : { do: "leave" };
    }
    return { do: "createVersion" };
  }
  const reason = endOf(version);
  if (reason !== undefined) return { do: "fail", reason, cancel: false };
  if (isOver(version)) return { do: record.hold === true ? "keep" : "promote", version: version.id };
  const isLate = now - Date.parse(record.at) >= wait.timeoutMs;
  return isLate ? { do: "fail", reason: "BuildTimedOut", cancel: true } : { do: "wait" };
}

export function isOver({ job: { status } }: TemplateVersion): boolean {
  return status === "succeeded" || status === "failed" || status === "canceled";
}

function endOf({ job: { status } }: TemplateVersion): ChangeFailure["reason"] | undefined {
  return status === "failed" ? "BuildFailed" : status === "canceled" ? "BuildCanceled" : undefined;
}
