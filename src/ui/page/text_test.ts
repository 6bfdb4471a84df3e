import { equal } from "node:assert/strict";
import { bytes, clean, counted, MAX_TEXT, milliseconds, number, oneLine } from "./text.js";

Deno.test("sequences for terminals leave nothing behind, whatever kind they are", () => {
  for (
    const [text, shown] of [
      ["\u001b[31mred\u001b[0m", "red"],
      ["\u001b[38;5;196;1mx", "x"],
      ["\u001b[2J\u001b[Hx", "x"],
      ["\u001b]0;title\u0007x", "x"],
      ["\u001b]8;;https://evil.example\u001b\\link\u001b]8;;\u001b\\", "link"],
      ["\u001bPq#0\u001b\\x", "x"],
      ["\u001bcx", "x"],
      ["\u001b(Bx", "x"],
      ["\u009b31mx", "x"],
      ["\u001b]52;c;ZXZpbA==\u0007x", "x"],
    ] as const
  ) equal(clean(text), shown, JSON.stringify(text));
});

Deno.test("what nobody sees, and what turns writing around, is marked", () => {
  for (
    const character of [
      "\u0000",
      "\u0008",
      "\u001b",
      "\u007f",
      "\u0085",
      "\u202e",
      "\u2066",
      "\u200b",
      "\ufeff",
      "\u2028",
    ]
  ) {
    equal(clean(`a${character}b`), character === "\u001b" ? "a" : "a\ufffdb", JSON.stringify(character));
  }
  equal(clean("a\rb"), "a\ufffdb");
  equal(clean("a\r\nb\tc"), "a\nb\tc");
  equal(clean("Zoë 日本 🙂 <b>&amp;</b>"), "Zoë 日本 🙂 <b>&amp;</b>", "text of any script stays as it is");
});

Deno.test("whatever is no text is none, and long text is cut", () => {
  for (const value of [undefined, null, {}, [], true, NaN, Infinity, () => "x"]) equal(clean(value), "");
  equal(clean(12.5), "12.5");
  equal(clean("x".repeat(MAX_TEXT + 10)).length, MAX_TEXT + 1);
  equal(clean("abcdef", 3), "abc…");
});

Deno.test("no text of controls takes long, however it is made", () => {
  const hostile = ("\u001b]".repeat(40_000) + "\u001bP".repeat(40_000) + "\u001b[".repeat(40_000)).slice(
    0,
    200_000,
  );
  equal(clean(hostile, 200_000).includes("\u001b"), false);
});

Deno.test("one line is one line", () => {
  equal(oneLine("  a\n\n  b\tc \r\n d "), "a b c d");
  equal(oneLine("a\r\n"), "a");
});

Deno.test("numbers, sizes and durations as people read them", () => {
  equal(number(10_000), "10,000");
  equal(counted(1, "row", "rows"), "1 row");
  equal(counted(0, "row", "rows"), "0 rows");
  equal(counted(1_200, "row", "rows"), "1,200 rows");
  equal(bytes(0), "0 B");
  equal(bytes(1_023), "1023 B");
  equal(bytes(1_536), "1.5 KiB");
  equal(bytes(5_905_580_032), "5.5 GiB");
  equal(bytes(2 ** 60), "1048576 TiB");
  for (const value of ["1", -1, NaN, undefined, Infinity]) equal(bytes(value), "");
  equal(milliseconds(12.4), "12 ms");
  equal(milliseconds(3_450), "3.5 s");
  for (const value of ["1", -1, NaN, undefined]) equal(milliseconds(value), "");
});
