import assert from "node:assert/strict";
import { MemoryChangeStore } from "./store.ts";
import { OTHER, record } from "./testing.ts";
import { changeRecordSchema } from "./types.ts";

Deno.test("records are stored as they are, and only on top of what was read", async () => {
  const store = new MemoryChangeStore();
  const first = await store.write(record(), undefined);
  assert.deepEqual(changeRecordSchema.parse(first?.record), record());
  assert.equal(await store.write(record({ by: "bob" }), undefined), undefined);
  const second = await store.write(record({ by: "bob" }), first?.version);
  assert.equal((await store.read(OTHER))?.record.by, "bob");
  assert.equal(await store.remove(OTHER, first!.version), false);
  assert.deepEqual((await store.list()).map(({ record: { by } }) => by), ["bob"]);
  assert.equal(await store.remove(OTHER, second!.version), true);
  assert.equal(await store.read(OTHER), undefined);
});
