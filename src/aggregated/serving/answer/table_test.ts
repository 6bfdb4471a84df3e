import assert from "node:assert/strict";
import { gadget, gadgetDefinition } from "../testing/gadgets.ts";
import { createTables } from "./table.ts";

const tables = createTables(gadgetDefinition.columns);
const now = Date.parse("2026-01-01T00:05:30Z");

Deno.test("a table has the name first, the columns with their priorities, and a row for each object", () => {
  const items = [gadget("n", "a", { size: 3, running: true }), gadget("n", "b", { color: "blue" })];
  const head = { resourceVersion: "9", continue: "x", remainingItemCount: 4 };
  const table = JSON.parse(tables.table(items, head, { includeObject: "Metadata", now }));
  assert.deepEqual([table.kind, table.apiVersion, table.metadata], ["Table", "meta.k8s.io/v1", head]);
  assert.deepEqual(
    table.columnDefinitions.map((
      { name, type, format, priority }: Record<string, unknown>,
    ) => [name, type, format, priority]),
    [
      ["Name", "string", "name", 0],
      ["Color", "string", "", 0],
      ["Size", "integer", "", 1],
      ["Running", "boolean", "", 0],
      ["Age", "date", "", 0],
    ],
  );
  assert.deepEqual(table.rows.map(({ cells }: { cells: unknown[] }) => cells), [
    ["a", "red", 3, true, "5m30s"],
    ["b", "blue", null, false, "5m30s"],
  ]);
  assert.ok(table.columnDefinitions.every(({ description }: { description: string }) => description !== ""));
});

Deno.test("a row carries as much of its object as was asked for", () => {
  const item = gadget("n", "a");
  const objectOf = (includeObject: "None" | "Metadata" | "Object") =>
    JSON.parse(tables.table([item], { resourceVersion: "9" }, { includeObject, now })).rows[0].object;
  assert.equal(objectOf("None"), null);
  assert.deepEqual(objectOf("Object"), item);
  assert.deepEqual(objectOf("Metadata"), {
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1",
    metadata: item.metadata,
  });
});

Deno.test("an object without what a column shows has empty cells", () => {
  const bare = { ...gadget("n", "a"), metadata: {} };
  const table = JSON.parse(tables.table([bare], { resourceVersion: "1" }, { includeObject: "None", now }));
  assert.deepEqual(table.rows[0].cells, ["", "red", null, false, null]);
});

Deno.test("the columns can be left out", () => {
  const options = { includeObject: "None", now, withColumns: false } as const;
  assert.equal(JSON.parse(tables.table([], { resourceVersion: "1" }, options)).columnDefinitions, null);
});

Deno.test("a bookmark is a row of empty cells that carries a version", () => {
  const bookmark = {
    apiVersion: "gadgets.coder.test/v1alpha1",
    kind: "Gadget",
    metadata: { resourceVersion: "7" },
  };
  const table = JSON.parse(tables.bookmark(bookmark, { includeObject: "None", now, withColumns: false }));
  assert.equal(table.metadata.resourceVersion, "7");
  assert.deepEqual([table.rows[0].cells, table.rows[0].object.metadata], [
    ["", null, null, null, null],
    { resourceVersion: "7" },
  ]);
});
