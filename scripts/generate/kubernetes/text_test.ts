import assert from "node:assert/strict";
import { firstSentence } from "./text.ts";

Deno.test("the first sentence is kept, on one line, without back-quotes and links", () => {
  assert.equal(firstSentence("First `part`\nof it. Second.", 100), "First part of it.");
  assert.equal(firstSentence("All of it. More info: https://example.com/a.b", 100), "All of it.");
  assert.equal(firstSentence("No full stop", 100), "No full stop");
  assert.equal(firstSentence(undefined, 100), "");
});

Deno.test("full stops inside names and abbreviations end no sentence", () => {
  assert.equal(
    firstSentence("Like e.g. foo.example.com or i.e. this. Next.", 100),
    "Like e.g. foo.example.com or i.e. this.",
  );
});

Deno.test("a long sentence is cut at a word, within the limit", () => {
  assert.equal(firstSentence("one two three four", 12), "one two…");
  assert.equal(firstSentence("one, two three", 6), "one…");
  assert.equal(firstSentence("x".repeat(20), 5), "xxxx…");
  assert.equal(firstSentence("x".repeat(5), 5), "xxxxx");
});
