import assert from "node:assert/strict";
import { largeFiles } from "./large_files.ts";

Deno.test("large templates have so many bytes, in files of which no two are the same", () => {
  const files = largeFiles(1_050_000);
  const texts = Object.values(files);
  assert.equal(texts.reduce((sum, text) => sum + new TextEncoder().encode(text).length, 0), 1_050_000);
  assert.equal(texts.length, 11);
  assert.equal(new Set(texts).size, texts.length);
  assert.deepEqual(largeFiles(1_050_000), files, "the same each time");
});
