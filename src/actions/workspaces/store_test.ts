import assert from "node:assert/strict";
import { MemoryWishStore } from "./store.ts";
import { keyOf, type WishRecord, wishRecordSchema } from "./types.ts";

const record: WishRecord = {
  owner: "o",
  name: "Dev",
  workspace: "w",
  wish: {
    id: "1",
    by: "jane",
    at: "2026-01-01T00:00:00Z",
    base: 1,
    want: { running: false, isRunningAsked: true, parameters: [{ name: "a", value: "1" }] },
  },
  sent: { what: "stop", above: 1, at: "2026-01-01T00:00:00Z" },
  built: [2],
};

Deno.test("who has seen what is stored may store, nobody else", async () => {
  const store = new MemoryWishStore();
  const first = await store.write("k", record, undefined);
  assert.deepEqual(first?.record, record);
  assert.equal(await store.write("k", record, undefined), undefined);
  const second = await store.write("k", { ...record, built: [] }, first?.version);
  assert.notEqual(second?.version, first?.version);
  assert.equal(await store.write("k", record, first?.version), undefined);
  assert.equal(await store.remove("k", first!.version), false);
  assert.deepEqual((await store.list()).map(({ key }) => key), ["k"]);
  assert.equal(await store.remove("k", second!.version), true);
  assert.equal(await store.read("k"), undefined);
  assert.equal(await store.remove("k", second!.version), false);
  assert.deepEqual(await store.list(), []);
});

Deno.test("what is stored is a copy", async () => {
  const store = new MemoryWishStore();
  const mine = structuredClone(record);
  await store.write("k", mine, undefined);
  mine.built.push(3);
  assert.deepEqual((await store.read("k"))?.record.built, [2]);
});

Deno.test("a record survives being written as JSON, and nonsense is no record", () => {
  assert.deepEqual(wishRecordSchema.parse(JSON.parse(JSON.stringify(record))), record);
  for (const wrong of [{}, { ...record, built: "2" }, { ...record, wish: { ...record.wish, want: {} } }]) {
    assert.equal(wishRecordSchema.safeParse(wrong).success, false);
  }
});

Deno.test("names that Coder takes for one are one key", () => {
  assert.equal(keyOf("o", "Dev"), keyOf("o", "dev"));
  assert.notEqual(keyOf("o", "dev"), keyOf("p", "dev"));
});
