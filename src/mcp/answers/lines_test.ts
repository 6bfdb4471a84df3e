import assert from "node:assert/strict";
import { foldLines } from "./fold.ts";
import { lineFilter } from "./grep.ts";
import { cleanLines, cutText, selectLines } from "./lines.ts";

const LOG = "one\ntwo\nTwo\nthree\n";
const size = (text: string) => new TextEncoder().encode(text).length;

Deno.test("without any wish a log is what it was", () => {
  assert.deepEqual(selectLines(LOG), { text: "one\ntwo\nTwo\nthree", isCut: false, matched: 4 });
  assert.deepEqual(selectLines(""), { text: "", isCut: false, matched: 0 });
  assert.deepEqual(selectLines("no end of line").text, "no end of line");
});

Deno.test("the tail is of those lines that were looked for", () => {
  assert.deepEqual(selectLines(LOG, { grep: "TWO", tail: 1 }), { text: "Two", isCut: false, matched: 2 });
  assert.equal(selectLines(LOG, { tail: 0 }).text, "");
  assert.equal(selectLines(LOG, { tail: -3 }).text, "");
  assert.equal(selectLines(LOG, { tail: 100 }).matched, 4);
});

Deno.test("the newest can come first", () => {
  assert.equal(selectLines(LOG, { newestFirst: true, tail: 2 }).text, "three\nTwo");
});

Deno.test("what does not fit are older lines, and no line is told in part", () => {
  const { text, isCut, matched } = selectLines(LOG, { maxBytes: size("Two\nthree") });
  assert.deepEqual([text, isCut, matched], ["Two\nthree", true, 4]);
  assert.equal(selectLines(LOG, { maxBytes: size("Two\nthree") - 1 }).text, "three");
  assert.equal(selectLines(LOG, { maxBytes: size(LOG) - 1 }).isCut, false);
  assert.equal(selectLines(LOG, { maxBytes: 9, newestFirst: true }).text, "three\nTwo");
});

Deno.test("a line that is too long by itself keeps its beginning, in whole characters", () => {
  for (let maxBytes = 0; maxBytes < 40; maxBytes++) {
    const { text, isCut } = selectLines("short\n" + "aä€😀".repeat(10), { maxBytes });
    assert.ok(size(text) <= maxBytes, text);
    assert.equal(isCut, true);
    assert.ok(text.isWellFormed() && !text.includes("\ufffd"));
    if (maxBytes >= 3) assert.ok(text.endsWith("…"));
  }
  assert.equal(cutText("äää", 6), "äää");
});

Deno.test("cuts are at characters and lines wherever they fall", () => {
  const lines = Array.from({ length: 50 }, (_, index) => `${index} ${["", "ä", "€", "😀"][index % 4]}`);
  for (let maxBytes = 20; maxBytes < 400; maxBytes += 7) {
    const { text } = selectLines(lines.join("\n"), { maxBytes });
    const kept = text.split("\n");
    assert.deepEqual(kept, lines.slice(-kept.length));
    assert.ok(size(text) <= maxBytes);
  }
});

Deno.test("lines that say the same are told once, with the last one's time", () => {
  assert.deepEqual(foldLines(["a", "a", "a", "b", "a"]), ["a (×3)", "b", "a"]);
  assert.deepEqual(
    foldLines([
      "2026-11-22T04:03:00.1Z up",
      "2026-11-22T04:03:09.987654321Z up",
      "2026-11-22T04:03:10Z down",
    ]),
    ["2026-11-22T04:03:09.987654321Z up (×2 since 2026-11-22T04:03:00.1Z)", "2026-11-22T04:03:10Z down"],
  );
  assert.deepEqual(foldLines(["I1122 04:03:00.123456 1 x.go] y", "I1122 04:03:01.123456 1 x.go] y"]), [
    "I1122 04:03:01.123456 1 x.go] y (×2 since I1122 04:03:00.123456)",
  ]);
  assert.deepEqual(foldLines(["[2026/11/22 04:03:00] z", "[2026/11/22 04:03:00] z"]), [
    "[2026/11/22 04:03:00] z (×2)",
  ]);
  assert.deepEqual(foldLines(["", "", "x", " ", " "]), ["", "x", " "]);
  assert.equal(selectLines("a\na\n", { fold: false }).text, "a\na");
});

Deno.test("a search knows bars and nothing else", () => {
  const found = (grep: string | undefined, line: string) => lineFilter(grep)(line);
  assert.ok(found("error|WARN", "a Warning"));
  assert.ok(!found("error|warn", "info"));
  assert.ok(found("a.c", "xa.cx") && !found("a.c", "abc"));
  assert.ok(found("(", "f(x)") && found("a\\|b", "a|b") && !found("a\\|b", "ab a"));
  assert.ok(found("||", "anything") && found(undefined, "") && found("", "x"));
  assert.ok(found("x|", "x") && !found("x|", "y"));
});

Deno.test("terminals get no orders, and nothing is hidden", () => {
  assert.deepEqual(cleanLines("\x1b[31mred\x1b[0m\r\n10 %\r50 %\r100 %\n\x07bell\ttab \x1b]x"), [
    "red",
    "100 %",
    "bell\ttab x",
  ]);
  assert.deepEqual(cleanLines("a\u{e0041}b\u202ec"), ["abc"]);
});

Deno.test("hostile text takes time in proportion to its length", () => {
  for (const part of ["\x1b[", "\x1b[1;", "\r", "\\|", "2026-11-22T", "[", "\n", "😀"]) {
    const text = part.repeat(1_000_000 / part.length);
    const start = performance.now();
    selectLines(text, { grep: part.repeat(100), maxBytes: 1_000 });
    selectLines(text, { maxBytes: 1_000 });
    const took = performance.now() - start;
    assert.ok(took < 30_000, `${JSON.stringify(part)} took ${took.toFixed(0)} ms`);
  }
});
