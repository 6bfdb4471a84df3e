import assert from "node:assert/strict";
import { plainTerminal, print, standardOutput, wrap } from "./terminal.ts";

Deno.test("text is wrapped at spaces, and words that are too long stay whole", () => {
  assert.deepEqual(wrap("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrap("exactly seven", 7), ["exactly", "seven"]);
  assert.deepEqual(wrap("a verylongword b", 4), ["a", "verylongword", "b"]);
  assert.deepEqual(wrap("", 10), []);
});

Deno.test("all of a text is written, though the stream takes it in pieces", () => {
  let written = "";
  const stream = {
    writeSync(bytes: Uint8Array) {
      const piece = bytes.subarray(0, 3);
      written += new TextDecoder().decode(piece);
      return piece.length;
    },
  };
  print(stream, "hello world");
  assert.equal(written, "hello world");
});

Deno.test("a reader that has gone away is no error, a full disk is one", () => {
  const failing = (error: Error) => ({
    writeSync(): number {
      throw error;
    },
  });
  print(failing(new Deno.errors.BrokenPipe("gone")), "x");
  assert.throws(() => print(failing(new Error("no space left")), "x"), /no space/);
});

Deno.test("what is no terminal gets no colours", () => {
  assert.equal(plainTerminal.bold("x") + plainTerminal.dim("y"), "xy");
  const real = standardOutput({ NO_COLOR: "1" });
  assert.equal(real.bold("x"), "x");
  assert.ok(real.width >= 60 && real.width <= 120);
});
