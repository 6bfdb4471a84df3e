/** Versions of one template: which there are, and which one somebody means. */
import type { CoderTemplate } from "../../api/template.ts";
import type { ListedTemplateVersion } from "../../coder/mod.ts";
import { ToolError } from "../errors.ts";
import type { Answering } from "./coder_asking.ts";
import { activeVersionOf } from "./template_facts.ts";

/** All versions of a template, the newest first, archived ones among them. */
export async function versionsOf(
  { client, signal }: Pick<Answering, "client" | "signal">,
  { metadata: { uid = "" } }: CoderTemplate,
): Promise<readonly ListedTemplateVersion[]> {
  const versions = await client.templates.versions(uid, { archived: true }, { signal });
  return versions.toSorted((a, b) => compare(orderOf(a), orderOf(b)));
}

/** A text that sorts versions, the newest first. */
export function orderOf({ created_at, id }: Pick<ListedTemplateVersion, "created_at" | "id">): string {
  return `${String(Number.MAX_SAFE_INTEGER - Date.parse(created_at)).padStart(16, "0")} ${id}`;
}

/**
 * The one that is meant.
 *
 * @param wanted a UUID, a name, `active`, or `newest`
 * @throws {ToolError} where there is none
 */
export function chosenVersion(
  versions: readonly ListedTemplateVersion[],
  template: CoderTemplate,
  wanted: string,
): ListedTemplateVersion {
  const active = activeVersionOf(template);
  const found = versions.find(({ id }) => id === wanted.toLowerCase()) ??
    versions.find(({ name }) => name === wanted) ??
    (wanted === "active" ? versions.find(({ id }) => id === active) : undefined) ??
    (wanted === "newest" ? versions[0] : undefined);
  if (found !== undefined) return found;
  const names = versions.slice(0, 10).map(({ name }) => name).join(", ");
  throw new ToolError(
    "not_found",
    `${template.metadata.name} has no version ${JSON.stringify(wanted)}; the newest are: ${names || "none"}`,
  );
}

/** The newest one before `version` that workspaces can be built of; undefined where there is none. */
export function goodVersionBefore(
  versions: readonly ListedTemplateVersion[],
  version: Pick<ListedTemplateVersion, "id">,
): ListedTemplateVersion | undefined {
  const at = versions.findIndex(({ id }) => id === version.id);
  return at < 0 ? undefined : versions.slice(at + 1).find(isGood);
}

function isGood({ archived, job }: ListedTemplateVersion): boolean {
  return !archived && job.status === "succeeded";
}

/** `2.1 (<id>)` */
export function versionText({ name, id }: Pick<ListedTemplateVersion, "name" | "id">): string {
  return name === "" ? id : `${name} (${id})`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
