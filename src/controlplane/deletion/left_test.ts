import assert from "node:assert/strict";
import { countOf, leftIn, wordsForLeft } from "./left.ts";

const NOTHING = { workspaces: [], templates: [], nameless: 0 };

Deno.test("one and several are told by name, without those kinds of which nothing is left", () => {
  assert.equal(wordsForLeft(NOTHING), "Left in Coder: nothing");
  assert.equal(wordsForLeft({ ...NOTHING, templates: ["docker"] }), "Left in Coder: 1 template (docker)");
  const left = { workspaces: ["a/dev", "b/dev"], templates: ["docker"], nameless: 2 };
  assert.equal(
    wordsForLeft(left),
    "Left in Coder: 2 workspaces (a/dev, b/dev), 1 template (docker), 2 that cannot be read",
  );
  assert.deepEqual([countOf(NOTHING), countOf(left)], [0, 5]);
});

Deno.test("of many, ten are named", () => {
  const workspaces = Array.from({ length: 12 }, (_, i) => `u/w${i}`);
  const words = wordsForLeft({ ...NOTHING, workspaces });
  assert.match(words, /^Left in Coder: 12 workspaces \(u\/w0, .*u\/w9 and 2 more\)$/);
});

Deno.test("what was said of it is found again at the head of a message, and nowhere else", () => {
  const words = wordsForLeft({ workspaces: ["a/dev"], templates: ["docker"], nameless: 0 });
  assert.equal(leftIn(`${words}. Coder is away: x.y. Left in Coder: no`), words);
  assert.equal(leftIn(words), words);
  assert.equal(leftIn("Coder is away"), undefined);
  assert.equal(leftIn(undefined), undefined);
});
