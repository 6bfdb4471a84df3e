import assert from "node:assert/strict";
import { joinedBytes } from "./joined.ts";

const textOf = (bytes: Uint8Array) => new TextDecoder("utf-8", { fatal: true }).decode(bytes);

Deno.test("texts are joined between a start and an end, with commas or something else", () => {
  assert.equal(textOf(joinedBytes("[", ["1", "2", "3"], "]\n")), "[1,2,3]\n");
  assert.equal(textOf(joinedBytes("[", ["1"], "]")), "[1]");
  assert.equal(textOf(joinedBytes("[", [], "]")), "[]");
  assert.equal(textOf(joinedBytes("", ["", "", ""], "")), ",,");
  assert.equal(textOf(joinedBytes("(", ["1", "2"], ")\n", ")\n(")), "(1)\n(2)\n");
});

Deno.test("texts of any characters and sizes are as one long text would be", () => {
  const alphabet = ["a", "é", "€", "😀", '"', "\u0000", "\ud800"];
  for (const size of [0, 1, 1_000, 30_000, 70_000]) {
    const texts = Array.from(
      { length: 40 },
      (_, index) => alphabet[index % alphabet.length]!.repeat(size) + String(index),
    );
    const whole = new TextEncoder().encode(`{${texts.join(",")}}`);
    assert.deepEqual(new Uint8Array(joinedBytes("{", texts, "}")), whole, `texts of ${size} characters`);
  }
});

Deno.test("what was joined stays as it is when something else is joined", () => {
  const first = joinedBytes("[", ["first"], "]");
  joinedBytes("[", ["x".repeat(5_000_000)], "]");
  joinedBytes("[", ["other"], "]");
  assert.equal(textOf(first), "[first]");
});
