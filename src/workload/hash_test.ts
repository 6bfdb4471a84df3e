import assert from "node:assert/strict";
import { h32, h64, joined, tagsHash } from "./hash.ts";

Deno.test("h32 gives what the Go operator gave", () => {
  const vectors: [string, string][] = [
    ["", "811c9dc5"],
    [joined("default", "coder"), "3ae0511f"],
    [joined("a", "coder"), "87ffeed9"],
    ["secret-key", "6a82cc93"],
    [joined("tls", "my.tls"), "e3767053"],
    ["a".repeat(180), "b11ccea9"],
    ["a".repeat(70), "5904740b"],
    ["a".repeat(60), "92b9e111"],
  ];
  for (const [input, expected] of vectors) assert.equal(h32(input), expected, JSON.stringify(input));
});

Deno.test("h64 gives what the Go operator gave", () => {
  assert.equal(h64(joined("default", "coder")), "c50b092ffc0cdd1f");
  assert.equal(h64(""), "cbf29ce484222325", "the offset basis");
});

Deno.test("hashes are zero padded to their full width", () => {
  const inputs = Array.from({ length: 4000 }, (_, i) => `n${i}`);
  assert.ok(inputs.every((input) => h32(input).length === 8 && h64(input).length === 16));
  assert.ok(inputs.some((input) => h32(input).startsWith("0")), "the sample reaches a leading zero");
});

Deno.test("text is hashed as UTF-8 bytes", () => {
  assert.equal(h32("é"), h32(new Uint8Array([0xc3, 0xa9])));
  assert.equal(h64("é"), h64(new Uint8Array([0xc3, 0xa9])));
});

Deno.test("a zero byte keeps neighbouring parts apart", () => {
  assert.notEqual(h32(joined("ab", "c")), h32(joined("a", "bc")));
});

Deno.test("tags hash as the Go operator hashed them, whatever their order", () => {
  assert.equal(tagsHash({}), "811c9dc5");
  assert.equal(tagsHash({ region: "us-east" }), "a3fd2d4d");
  assert.equal(tagsHash({ a: "1", b: "2" }), "020d940d");
  assert.equal(tagsHash({ b: "2", a: "1" }), "020d940d");
});

Deno.test("tag keys are ordered by bytes, not by UTF-16 units", () => {
  const astral = "\u{10000}";
  const privateUse = "\uFFFD";
  assert.ok(astral < privateUse, "JavaScript's order is the other one");
  assert.equal(
    tagsHash({ [astral]: "1", [privateUse]: "2" }),
    h32(`${privateUse}\0${"2"}\0${astral}\0${"1"}\0`),
  );
  assert.equal(tagsHash({ ab: "1", a: "2" }), h32("a\x002\0ab\x001\0"), "a prefix comes first");
});
