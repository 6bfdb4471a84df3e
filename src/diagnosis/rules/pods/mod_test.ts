import assert from "node:assert/strict";
import { POD_RULES } from "./mod.ts";
import { RULES } from "../mod.ts";

Deno.test("each rule about pods is called as its file, is listed once, and says what docs need", async () => {
  const ids = POD_RULES.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const { id, docs, needs, depth } of POD_RULES) {
    await Deno.stat(new URL(`./${id.replaceAll("-", "_")}.ts`, import.meta.url));
    for (const [part, words] of Object.entries(docs)) assert.match(words, /^[A-Z].{8,}/, `${id}: ${part}`);
    assert.ok(needs.length > 0 && depth > 0 && depth <= 100, id);
  }
});

Deno.test("what rules about pods explain are rules that there are, deeper causes explain shallower ones", () => {
  const depths = new Map(RULES.map(({ id, depth }) => [id, depth]));
  for (const { id, explains = [] } of POD_RULES) {
    for (const other of explains) {
      assert.ok(depths.has(other), `${id} explains ${other}, which is no rule`);
      assert.notEqual(other, id);
    }
  }
});
