/** An apply would change what somebody else owns. */
import { StatusError } from "../../serving/status_errors.ts";
import type { FieldSet } from "./field_set.ts";
import { compareText } from "./json.ts";
import { type Owner, ownerId } from "./owners.ts";
import { pathText } from "./path.ts";

/** What an owner stands to lose. */
export interface Conflict {
  readonly owner: Owner;
  readonly fields: FieldSet;
}

/** 409, in the API server's words: which fields, and whose they are. */
export function applyConflict(conflicts: readonly Conflict[]): StatusError {
  const named = conflicts.toSorted((left, right) => compareText(ownerId(left.owner), ownerId(right.owner)))
    .map(({ owner, fields }) => ({ owner: ownerText(owner), paths: fields.paths().map(pathText) }));
  const causes = named.flatMap(({ owner, paths }) =>
    paths.map((field) => ({ reason: "FieldManagerConflict", message: `conflict with ${owner}`, field }))
  );
  const first = causes[0];
  const message = causes.length === 1
    ? `Apply failed with 1 conflict: ${first?.message}: ${first?.field}`
    : `Apply failed with ${causes.length} conflicts: ${
      named.flatMap(({ owner, paths }) => [`conflicts with ${owner}:`, ...paths.map((path) => `- ${path}`)])
        .join("\n")
    }`;
  return new StatusError(409, "Conflict", message, { causes });
}

/** Who updates is told with the version: those of one name are several in several versions. */
function ownerText({ manager, subresource, operation, apiVersion }: Owner): string {
  const name = JSON.stringify(manager);
  const whole = subresource === "" ? name : `${name} with subresource ${JSON.stringify(subresource)}`;
  return operation === "Update" ? `${whole} using ${apiVersion}` : whole;
}
