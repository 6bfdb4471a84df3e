import assert from "node:assert/strict";
import {
  movedWords,
  schemaBefore,
  type SchemaMemory,
  schemaMemory,
  schemaMoved,
  schemaSeen,
} from "./schema.ts";

const at = (version: number, dirty = false) => ({ version, dirty });

Deno.test("the schema has moved where its number has, and has not only where it was read now", () => {
  const before = { before: 412 };
  const table: [SchemaMemory | undefined, ReturnType<typeof at> | undefined, boolean | undefined][] = [
    [undefined, undefined, undefined],
    [undefined, at(412), undefined],
    [before, undefined, undefined],
    [before, at(412), false],
    [before, at(415), true],
    [before, at(411), true],
    [before, at(412, true), true],
    [before, at(415, true), true],
    // What was seen earlier.
    [{ before: 412, now: 412 }, undefined, undefined],
    [{ before: 412, now: 415 }, undefined, true],
    [{ before: 412, now: 412, dirty: true }, undefined, true],
    [{ before: 412, now: 415 }, at(412), false],
    [{ before: 412, now: 412 }, at(415), true],
  ];
  for (const [memory, seen, expected] of table) {
    assert.equal(schemaMoved(memory, seen), expected, JSON.stringify([memory, seen]));
  }
});

Deno.test("a number counts as that of before only where no migration was broken off", () => {
  assert.deepEqual(schemaBefore(at(412)), { before: 412 });
  assert.equal(schemaBefore(at(412, true)), undefined);
  assert.equal(schemaBefore(undefined), undefined);
});

Deno.test("what was seen last is remembered beside what was before", () => {
  assert.deepEqual(schemaSeen({ before: 412 }, at(415)), { before: 412, now: 415 });
  assert.deepEqual(schemaSeen({ before: 412, now: 415, dirty: true }, at(412)), { before: 412, now: 412 });
  assert.deepEqual(schemaSeen({ before: 412 }, at(413, true)), { before: 412, now: 413, dirty: true });
  assert.deepEqual(schemaSeen({ before: 412, now: 415 }, undefined), { before: 412, now: 415 });
  assert.equal(schemaSeen(undefined, at(415)), undefined);
});

Deno.test("a memory that somebody changed counts as far as it can be read", () => {
  const memory = { before: 412, now: 415, dirty: true as const };
  assert.deepEqual(schemaMemory(memory), memory);
  for (const other of [undefined, null, 4, "x", {}, { before: "412" }, { before: 1.5 }, { now: 415 }]) {
    assert.equal(schemaMemory(other), undefined, JSON.stringify(other));
  }
  assert.deepEqual(schemaMemory({ before: 412, now: "x", dirty: 1 }), { before: 412 });
});

Deno.test("a move is told with both numbers, and so is a migration that was broken off", () => {
  assert.equal(movedWords(undefined), "");
  assert.equal(movedWords({ before: 412 }), "");
  assert.equal(movedWords({ before: 412, now: 412 }), "");
  assert.equal(movedWords({ before: 412, now: 415 }), "the database schema has moved from 412 to 415");
  assert.match(
    movedWords({ before: 412, now: 413, dirty: true }),
    /was at 412, and migration 413 was broken off.*dirty/,
  );
});
