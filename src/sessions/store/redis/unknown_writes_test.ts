import assert from "node:assert/strict";
import { UnknownWrites } from "./unknown_writes.ts";

Deno.test("who tries the same again knows it, for ten minutes, until it is known what became of it", () => {
  let now = 0;
  const writes = new UnknownWrites(() => now);
  writes.remember("a", "me", "content");
  assert.equal(writes.before("a", "content"), "me");
  assert.equal(writes.before("a", "other"), "");
  assert.equal(writes.before("b", "content"), "");
  now = 600_000;
  assert.equal(writes.before("a", "content"), "me");
  now++;
  assert.equal(writes.before("a", "content"), "");
  writes.remember("a", "again", "content");
  writes.settle("a");
  assert.equal(writes.before("a", "content"), "");
});

Deno.test("of very many the newest are known", () => {
  const writes = new UnknownWrites(() => 0);
  for (let index = 0; index < 10_050; index++) writes.remember(`s${index}`, "me", "x");
  assert.equal(writes.before("s0", "x"), "");
  assert.equal(writes.before("s49", "x"), "");
  assert.equal(writes.before("s50", "x"), "me");
  assert.equal(writes.before("s10049", "x"), "me");
});
