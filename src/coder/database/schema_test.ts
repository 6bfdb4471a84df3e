import assert from "node:assert/strict";
import { COLUMNS, mismatch } from "./schema.ts";

type Column = Parameters<typeof mismatch>[0][number];

const KNOWN: Column[] = Object.entries(COLUMNS).flatMap(([table, columns]) =>
  Object.entries(columns).map(([name, type]) => ({ table, name, type, required: false }))
);

/** The known columns, with one changed; undefined: without it. */
function changed(table: string, name: string, change: Partial<Column> | undefined): Column[] {
  return KNOWN.flatMap((column) =>
    column.table !== table || column.name !== name
      ? [column]
      : change === undefined
      ? []
      : [{ ...column, ...change }]
  );
}

Deno.test("tables as they are known pass, and so do new columns that need no value", () => {
  assert.equal(mismatch(KNOWN), undefined);
  const more = { table: "users", name: "colour", type: "text", required: false };
  assert.equal(mismatch([...KNOWN, more]), undefined);
});

Deno.test("each column that is missing or of another type is named", () => {
  for (const { table, name, type } of KNOWN) {
    assert.equal(mismatch(changed(table, name, undefined)), `table ${table} has no column ${name}`);
    const other = mismatch(changed(table, name, { type: "json" }));
    assert.equal(other, `column ${name} of table ${table} is json, not ${type}`);
    assert.equal(mismatch(changed(table, name, { required: true })), undefined);
  }
});

Deno.test("a new column that wants a value, and a table that is missing, are named", () => {
  const tenant = { table: "api_keys", name: "tenant", type: "uuid", required: true };
  assert.equal(mismatch([...KNOWN, tenant]), "table api_keys wants a value for column tenant");
  assert.equal(mismatch(KNOWN.filter(({ table }) => table !== "users")), "there is no table users");
  assert.equal(mismatch([]), "there is no table users");
});
