import assert from "node:assert/strict";
import { contentHash, sameContent } from "./content.ts";

Deno.test("equal texts have equal hashes, and a character makes a difference", () => {
  assert.equal(contentHash("workspace"), contentHash("workspace"));
  assert.notEqual(contentHash("workspace"), contentHash("workspacf"));
  assert.notEqual(contentHash(""), contentHash("a"));
});

Deno.test("a hundred thousand texts have as many hashes, and their last bits are spread", () => {
  const hashes = new Set<number>();
  const marks = new Set<number>();
  for (let index = 0; index < 100_000; index++) {
    const hash = contentHash(`{"number":${index}}`);
    hashes.add(hash);
    marks.add(hash % 2 ** 17);
    assert.ok(Number.isSafeInteger(hash) && hash >= 0);
  }
  assert.equal(hashes.size, 100_000);
  // Of 131,072 places, 100,000 throws leave about 61,000 empty.
  assert.ok(marks.size > 65_000, String(marks.size));
});

Deno.test("values of JSON are compared by what they hold", () => {
  assert.ok(sameContent({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }));
  assert.ok(sameContent({ a: undefined }, {}));
  assert.ok(sameContent({}, { a: undefined }));
  assert.ok(!sameContent({ a: 1 }, { a: 1, b: 2 }));
  assert.ok(!sameContent([1, 2], [1]));
  assert.ok(!sameContent([], {}));
  assert.ok(!sameContent({}, []));
  assert.ok(!sameContent(null, {}));
  assert.ok(!sameContent("1", 1));
});
