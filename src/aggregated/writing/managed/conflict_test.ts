import assert from "node:assert/strict";
import { applyConflict, type Conflict } from "./conflict.ts";
import { FieldSet } from "./field_set.ts";
import { API_VERSION } from "./testing.ts";

function conflict(owner: Partial<Conflict["owner"]>, ...paths: string[][]): Conflict {
  const fields = FieldSet.ofNames(...paths);
  return {
    owner: { manager: "one", operation: "Apply", apiVersion: API_VERSION, subresource: "", fields, ...owner },
    fields,
  };
}

Deno.test("one conflict is told in one line", () => {
  const { status } = applyConflict([conflict({}, ["spec", "title"])]);
  assert.deepEqual(status, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: 'Apply failed with 1 conflict: conflict with "one": .spec.title',
    reason: "Conflict",
    details: {
      causes: [{ reason: "FieldManagerConflict", message: 'conflict with "one"', field: ".spec.title" }],
    },
    code: 409,
  });
});

Deno.test("several are told owner by owner", () => {
  const { message, details } = applyConflict([
    conflict({ manager: "two", operation: "Update" }, ["spec", "size"], ["metadata", "labels", "a"]),
    conflict({ manager: "one" }, ["spec", "title"]),
    conflict({ manager: "one", subresource: "status" }, ["status", "phase"]),
  ]);
  assert.equal(
    message,
    [
      'Apply failed with 4 conflicts: conflicts with "one" with subresource "status":',
      "- .status.phase",
      'conflicts with "one":',
      "- .spec.title",
      `conflicts with "two" using ${API_VERSION}:`,
      "- .metadata.labels.a",
      "- .spec.size",
    ].join("\n"),
  );
  assert.equal(details?.causes?.length, 4);
  assert.deepEqual(details?.causes?.at(-1), {
    reason: "FieldManagerConflict",
    message: `conflict with "two" using ${API_VERSION}`,
    field: ".spec.size",
  });
});
