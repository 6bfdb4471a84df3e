import assert from "node:assert/strict";
import { readTable, type TableOptions, tableText } from "./table.ts";

const answer = {
  kind: "Table",
  metadata: { continue: "next" },
  columnDefinitions: [
    { name: "Name", priority: 0 },
    { name: "Status", priority: 0 },
    { name: "Outdated", priority: 1 },
    { name: "Age", priority: 0 },
  ],
  rows: [
    {
      cells: ["acme.alice.dev", "running", true, "3d"],
      object: { metadata: { namespace: "coder", name: "acme.alice.dev" } },
    },
    { cells: ["a", "", null, "5s"], object: { metadata: { namespace: "x", name: "a" } } },
  ],
};
const options: TableOptions = { wide: false, namespaces: false, header: true, clean: (text) => text };

Deno.test("columns are as wide as kubectl makes them, and the last one ends the line", () => {
  assert.equal(
    tableText(readTable(answer), options),
    "NAME             STATUS    AGE\nacme.alice.dev   running   3d\na                          5s\n",
  );
  assert.equal(
    tableText(readTable(answer), { ...options, wide: true, namespaces: true }),
    "NAMESPACE   NAME             STATUS    OUTDATED   AGE\n" +
      "coder       acme.alice.dev   running   true       3d\n" +
      "x           a                                     5s\n",
  );
});

Deno.test("without the header, columns are as wide as what is in them, and at least six", () => {
  const table = { ...readTable(answer), rows: [{ cells: ["a", "b", 1, {}], namespace: "", name: "" }] };
  assert.equal(tableText(table, { ...options, header: false }), "a     b     {}\n");
});

Deno.test("cells are painted where they stand, and the header is not; text of others is made harmless", () => {
  const painted = tableText(readTable(answer), {
    ...options,
    paint: (column, cell, shown) => column === "STATUS" && cell === "running" ? `<${shown}>` : shown,
    clean: (text) => text.replace("a", "A"),
  });
  assert.match(painted, /^NAME {13}STATUS {4}AGE\nAcme\.alice\.dev {3}<running {3}>3d\n/);
});

Deno.test("pages say that there are more; what is no table is refused", () => {
  assert.equal(readTable(answer).next, "next");
  assert.equal(readTable({ kind: "Table" }).next, undefined);
  assert.deepEqual(readTable({ kind: "Table", rows: [{}, 3], columnDefinitions: [{}] }), {
    columns: [{ name: "", priority: 0 }],
    rows: [{ cells: [], namespace: "", name: "" }],
  });
  for (const other of [undefined, [], "x", { kind: "CoderWorkspaceList" }]) {
    assert.throws(() => readTable(other), /no table/);
  }
});
