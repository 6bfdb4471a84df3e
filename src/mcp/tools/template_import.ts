/** Waiting until files that were pushed are imported and active, or are not. */
import { setTimeout as pause } from "node:timers/promises";
import type { ObjectKey } from "../../api/object.ts";
import type { CoderTemplate } from "../../api/template.ts";
import type { ToolCall } from "../tool.ts";
import { readTemplate } from "./template_access.ts";
import { activeVersionOf, conditionOf } from "./template_facts.ts";

/** How far it is. */
export type ImportState =
  | { readonly state: "promoted"; readonly versionID: string }
  | { readonly state: "building"; readonly versionID: string; readonly pendingVersionID?: string }
  | {
    readonly state: "failed";
    readonly versionID: string;
    readonly message: string;
    /** The last lines of the import's log. */
    readonly log?: string;
  }
  /** Nothing of it is to be seen: it is what there was, or this server does not know of it yet. */
  | { readonly state: "unchanged"; readonly versionID: string };

const LOG = " Its log ends with:\n";

/** What a template says of its latest files. @param before the version that was active before they were pushed */
export function importStateOf(template: CoderTemplate, before: string): ImportState {
  const versionID = activeVersionOf(template);
  const applied = conditionOf(template, "SourceApplied");
  if (applied?.status === "False") {
    const [message = "", ...log] = (applied.message ?? applied.reason ?? "").split(LOG);
    return { state: "failed", versionID, message, ...(log.length === 0 ? {} : { log: log.join(LOG) }) };
  }
  const pendingVersionID = template.status?.pendingVersionID;
  if (applied !== undefined || pendingVersionID !== undefined) {
    return { state: "building", versionID, ...(pendingVersionID === undefined ? {} : { pendingVersionID }) };
  }
  return versionID === before ? { state: "unchanged", versionID } : { state: "promoted", versionID };
}

export interface FollowOptions {
  readonly key: ObjectKey;
  readonly before: string;
  /** As the answer to the change has it. */
  readonly first: ImportState;
  /** Milliseconds since 1970: no longer than that. */
  readonly until: number;
  /** Between two looks, in milliseconds. @default {1_000} */
  readonly everyMs?: number;
}

/** Looks again and again while it is being built, and tells progress. Yields what is known when time is over. */
export async function followImport(
  call: ToolCall,
  { key, before, first, until, everyMs = 1_000 }: FollowOptions,
): Promise<ImportState> {
  const since = call.now();
  let last = first;
  while (last.state === "building" && call.now() + everyMs <= until) {
    const pending = last.pendingVersionID;
    const seconds = Math.round((call.now() - since) / 1_000);
    call.progress(
      seconds,
      Math.max(seconds, Math.round((until - since) / 1_000)),
      pending === undefined ? "the files are being uploaded" : `version ${pending} is being imported`,
    );
    await pause(everyMs, undefined, { signal: call.signal });
    const now = importStateOf(await readTemplate(call, key), before);
    // Another server may not know of it yet.
    if (now.state !== "unchanged") last = now;
  }
  return last;
}
