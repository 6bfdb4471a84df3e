/** Whether a template is still what a change of it was made from. */
import { isDeepStrictEqual } from "node:util";
import type { ChangeRecord } from "../../actions/templates/mod.ts";
import type { Template } from "../../inventory/mod.ts";
import { wantedFiles } from "../convert/overlay.ts";
import { StaleError } from "../writing/target.ts";

export interface SeenTemplate {
  /** Undefined where it was not known. */
  readonly template: Template | undefined;
  /** Of its files. */
  readonly change: ChangeRecord | undefined;
}

/**
 * Compares what the spec shows: names, settings, the active version; and where files are to be changed, those that are
 * being built.
 *
 * @throws {StaleError}
 */
export function checkSeen(
  before: SeenTemplate,
  now: SeenTemplate & { template: Template },
  isBuilt: boolean,
): void {
  if (before.template === undefined || !isDeepStrictEqual(shownOf(before.template), shownOf(now.template))) {
    throw new StaleError("the template has changed in Coder");
  }
  if (
    isBuilt ? !isSameFiles(before, now) : before.template.active_version_id !== now.template.active_version_id
  ) {
    throw new StaleError("the template has other files by now");
  }
}

function shownOf(template: Template): unknown {
  const { updated_at: _updated, active_version_id: _active, ...shown } = template;
  return shown;
}

/** A change that has come to its end meanwhile has the files that were shown before. */
function isSameFiles(before: SeenTemplate, now: SeenTemplate): boolean {
  const [was, is] = [wantedFiles(before.change), wantedFiles(now.change)];
  const isSameVersion = before.template?.active_version_id === now.template?.active_version_id;
  if (was === undefined) return is === undefined && isSameVersion;
  if (is === undefined) return was.version !== undefined && was.version === now.template?.active_version_id;
  return was.text === is.text;
}
