import assert from "node:assert/strict";
import { MemorySessionStore } from "./memory_store.ts";
import { record, testSessionStore } from "./suite.ts";

testSessionStore({ name: "memory", open: () => Promise.resolve(new MemorySessionStore()) });

const { signal } = new AbortController();

Deno.test("memory: records that are given out cannot be changed", async () => {
  const store = new MemorySessionStore();
  const kept = await store.create(record({ labels: { a: "1" } }), 1_000, signal);
  assert.throws(() => Object.assign(kept, { owner: "bob" }), TypeError);
  assert.throws(() => Object.assign(kept.labels, { a: "2" }), TypeError);
  assert.throws(() => Object.assign(kept.limits, { cpuMs: 1 }), TypeError);
});

Deno.test("memory: an update cannot take a name that another open session has", async () => {
  const store = new MemorySessionStore();
  const old = await store.create(record({ name: "one", state: "closed" }), 1_000, signal);
  await store.create(record({ name: "one" }), 1_000, signal);
  await assert.rejects(store.update({ ...old, state: "ready" }, signal), { code: "conflict" });
  assert.equal((await store.get(old.id, signal))?.state, "closed");
});
