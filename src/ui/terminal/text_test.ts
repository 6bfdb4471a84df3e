import assert from "node:assert/strict";
import { ago, bytesOf, clean, cut, fit, fold, widthOf } from "./text.ts";

Deno.test("nothing that others wrote reaches the terminal as more than characters", () => {
  assert.equal(clean("\x1b[31mred\x1b[0m\x07\x9b2J"), "\ufffd[31mred\ufffd[0m\ufffd\ufffd2J");
  assert.equal(clean("a\tb\r\nc"), "a b c");
  assert.equal(clean("evil\u202etxt.exe\u200b"), "evil\ufffdtxt.exe\ufffd");
  assert.ok(clean("\ud800").isWellFormed());
  for (let code = 0; code < 0x3_000; code++) {
    const shown = clean(String.fromCodePoint(code));
    assert.ok(shown >= " " && shown !== "\x7f" && !(shown >= "\x80" && shown < "\xa0"), code.toString(16));
  }
});

Deno.test("widths are those of a terminal", () => {
  assert.equal(widthOf("plain"), 5);
  assert.equal(widthOf("日本"), 4);
  assert.equal(widthOf("e\u0301"), 1);
  assert.equal(widthOf("🚀"), 2);
});

Deno.test("what is too long is cut to as much as fits, and what is short is filled up", () => {
  assert.equal(cut("abcdef", 4), "abc…");
  assert.equal(cut("abcd", 4), "abcd");
  assert.equal(cut("日本語", 4), "日…");
  assert.equal(cut("abc", 0), "");
  assert.equal(fit("ab", 4), "ab  ");
  assert.equal(fit("ab", 4, "right"), "  ab");
  for (const text of ["", "abc", "日本語日本語", "a日b本c", "e\u0301e\u0301e\u0301"]) {
    for (let columns = 0; columns < 12; columns++) {
      assert.equal(widthOf(fit(text, columns)), columns, `${text} ${columns}`);
    }
  }
});

Deno.test("long lines are folded at spaces, and words that are too long anywhere", () => {
  assert.deepEqual(fold("one two three", 7), ["one two", "three"]);
  assert.deepEqual(fold("abcdefghij", 4), ["abcd", "efgh", "ij"]);
  assert.deepEqual(fold("a\nb", 4), ["a", "b"]);
  assert.deepEqual(fold("", 4), [""]);
  assert.deepEqual(fold("   indented", 20), ["   indented"]);
  for (const line of fold("日本語日本語 word 日本", 5)) assert.ok(widthOf(line) <= 5, line);
});

Deno.test("times and sizes are short", () => {
  const now = Date.parse("2026-11-22T04:00:00Z");
  const at = (seconds: number) => new Date(now - seconds * 1_000).toISOString();
  assert.deepEqual([5, 119, 120, 7_200, 172_800].map((seconds) => ago(at(seconds), now)), [
    "5s",
    "119s",
    "2m",
    "2h",
    "2d",
  ]);
  assert.equal(ago(at(-90), now), "in 90s");
  assert.equal(ago("", now), "");
  assert.deepEqual([0, 1_023, 1_024, 10 * 1_024, 5.5 * 2 ** 30].map(bytesOf), [
    "0B",
    "1023B",
    "1.0Ki",
    "10Ki",
    "5.5Gi",
  ]);
});
