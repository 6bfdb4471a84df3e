import assert from "node:assert/strict";
import { together } from "./together.ts";

const frame = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const [a, b, c] = ["a\n", "b\n", "c\n"].map(frame) as [Uint8Array, Uint8Array, Uint8Array];

Deno.test("frames are one piece in their order", () => {
  assert.equal(textOf(together([a, b, c])), "a\nb\nc\n");
  assert.equal(textOf(together([c, a])), "c\na\n");
  assert.equal(textOf(together([])), "");
});

Deno.test("one frame is its own piece", () => {
  assert.equal(together([a]), a);
});

Deno.test("the very same frames in turn are put together once", () => {
  const first = together([a, b]);
  assert.equal(together([a, b]), first);
  assert.equal(textOf(together([b, a])), "b\na\n");
  assert.notEqual(together([a, b]), first, "something else came between");
  assert.equal(textOf(together([a, frame("b\n")])), "a\nb\n");
  assert.equal(textOf(together([a, b, c])), "a\nb\nc\n", "more than before");
  assert.equal(textOf(together([a, b])), "a\nb\n", "less than before");
});
