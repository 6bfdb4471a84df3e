import assert from "node:assert/strict";
import { answersYes } from "./asking.ts";

/** A terminal where somebody types these pieces; after them nobody types any more, or the input ends. */
function terminal(pieces: readonly string[], ends = false) {
  const typed = [...pieces];
  const written: string[] = [];
  const waits = Promise.withResolvers<void>();
  return {
    written,
    /** Resolves when nothing is left that was typed. */
    waits: waits.promise,
    write: (text: string) => void written.push(text),
    read(into: Uint8Array): Promise<number | null> {
      const piece = typed.shift();
      if (piece !== undefined) return Promise.resolve(new TextEncoder().encodeInto(piece, into).written);
      waits.resolve();
      return ends ? Promise.resolve(null) : new Promise(() => {});
    },
  };
}

const signal = new AbortController().signal;

Deno.test("yes is yes, and everything else is not", async () => {
  for (const text of ["y\n", "Y\r\n", "yes\n", " y \n"]) {
    assert.equal(await answersYes("Go on?", signal, terminal([text])), true, text);
  }
  for (const text of ["\n", "n\n", "yep\n", "no\ny\n", "x".repeat(300)]) {
    assert.equal(await answersYes("Go on?", signal, terminal([text])), false, text);
  }
  const slow = terminal(["ye", "s", "\n"]);
  assert.equal(await answersYes("Go on?", signal, slow), true);
  assert.deepEqual(slow.written, ["Go on? [y/N] "]);
  assert.equal(await answersYes("Go on?", signal, terminal([], true)), false, "the input ended");
});

Deno.test("whoever ends the command is not waited for", async () => {
  const abort = new AbortController();
  const reason = new DOMException("ended by SIGINT", "AbortError");
  const nobody = terminal(["y"]);
  const asked = answersYes("Go on?", abort.signal, nobody);
  await nobody.waits;
  abort.abort(reason);
  await assert.rejects(asked, (error) => error === reason);
  assert.equal(nobody.written.at(-1), "\n", "what follows begins on a line of its own");
  await assert.rejects(answersYes("Again?", abort.signal, nobody), (error) => error === reason);
  assert.equal(nobody.written.length, 2, "and nothing is asked any more");
});
