import assert from "node:assert/strict";
import { differencesText, differenceText, fileDifferences } from "./file_diff.ts";

const lines = (count: number, change: Record<number, string> = {}) =>
  Array.from({ length: count }, (_, index) => `${change[index] ?? `line ${index}`}\n`).join("");

Deno.test("equal files are not told, whatever their order", () => {
  assert.deepEqual(fileDifferences({ files: { a: "1", b: "2" } }, { files: { b: "2", a: "1" } }), []);
});

Deno.test("a change has hunks with line numbers and three lines around it", () => {
  const before = { files: { "main.tf": lines(30) } };
  const after = { files: { "main.tf": lines(30, { 10: "other" }) } };
  assert.deepEqual(fileDifferences(before, after), [{
    path: "main.tf",
    change: "changed",
    added: 1,
    removed: 1,
    diff: [
      "@@ -8,7 +8,7 @@",
      " line 7",
      " line 8",
      " line 9",
      "-line 10",
      "+other",
      " line 11",
      " line 12",
      " line 13",
    ].join("\n"),
  }]);
});

Deno.test("files that are new and files that are gone are told with their lines, sorted by path", () => {
  const differences = fileDifferences({ files: { z: "1\n2\n" } }, { files: { a: "x\n" } });
  assert.deepEqual(differences, [
    { path: "a", change: "added", added: 1, removed: 0, diff: "@@ -0,0 +1,1 @@\n+x" },
    { path: "z", change: "removed", added: 0, removed: 2, diff: "@@ -1,2 +0,0 @@\n-1\n-2" },
  ]);
  assert.deepEqual(differences.map(differenceText), ["a (added, +1 -0)", "z (removed, +0 -2)"]);
});

Deno.test("an end without a line break is no other line that nobody sees", () => {
  const [only] = fileDifferences({ files: { a: "x\n" } }, { files: { a: "x" } });
  assert.match(only?.diff ?? "", /-x\n\+x\n\\ No newline at end of file/);
});

Deno.test("what is no text is named and not shown, and compared by its mark", () => {
  const before = {
    files: {},
    opaque: { "logo.png": "1", "same.bin": "2", "unknown.bin": "", "was.bin": "3" },
  };
  const after = {
    files: { "was.bin": "text" },
    opaque: { "logo.png": "9", "same.bin": "2", "unknown.bin": "" },
  };
  assert.deepEqual(fileDifferences(before, after), [
    { path: "logo.png", change: "changed", opaque: true },
    { path: "unknown.bin", change: "changed", opaque: true },
    { path: "was.bin", change: "changed", opaque: true },
  ]);
  assert.equal(
    differenceText({ path: "logo.png", change: "changed", opaque: true }),
    "logo.png (changed, no text)",
  );
});

Deno.test("two files with nothing in common take no time, and are told as written anew", () => {
  const since = performance.now();
  const before = Array.from({ length: 60_000 }, (_, index) => `a${index}\n`).join("");
  const after = Array.from({ length: 60_000 }, (_, index) => `b${index}\n`).join("");
  const [only] = fileDifferences({ files: { a: before } }, { files: { a: after } });
  assert.deepEqual(only, { path: "a", change: "changed", added: 60_000, removed: 60_000 });
  assert.ok(performance.now() - since < 30_000);
});

Deno.test("names of files that objects have by themselves are names like others", () => {
  const files = JSON.parse('{"constructor":"1","toString":"2"}');
  assert.deepEqual(fileDifferences({ files: {} }, { files }).map(({ path }) => path), [
    "constructor",
    "toString",
  ]);
});

Deno.test("a text of all of them has its limit, and names what does not fit", () => {
  const differences = fileDifferences({ files: {} }, { files: { a: lines(3), b: lines(50), c: lines(50) } });
  assert.equal(
    differencesText(differences, 12),
    [
      "a (added, +3 -0)",
      "@@ -0,0 +1,3 @@",
      "+line 0",
      "+line 1",
      "+line 2",
      "b (added, +50 -0)",
      "@@ -0,0 +1,50 @@",
      "+line 0",
      "+line 1",
      "+line 2",
      "+line 3",
      "@@ 46 more lines @@",
      "c (added, +50 -0)",
    ].join("\n"),
  );
  assert.equal(differencesText([], 10), "");
});
