/** Whatever two files are: what is told of them makes the second of the first. */
import assert from "node:assert/strict";
import { applyPatch } from "diff";
import { differencesText, fileDifferences } from "./file_diff.ts";

/** A generator of numbers below a bound: the same for the same seed. */
function randomOf(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * bound);
  };
}

const WORDS = [
  "resource",
  "}",
  "",
  "  x = 1",
  "+added",
  "-gone",
  "@@ -1,1 +1,1 @@",
  "ä 日本 🐳",
  "\\ No newline",
  "\r",
];

function textOf(random: (bound: number) => number): string {
  const lines = Array.from({ length: random(40) }, () => WORDS[random(WORDS.length)]!);
  return lines.length === 0 ? "" : `${lines.join("\n")}${random(4) === 0 ? "" : "\n"}`;
}

function changed(text: string, random: (bound: number) => number): string {
  const lines = text.split("\n");
  for (let changes = random(5); changes > 0; changes--) {
    const at = random(lines.length);
    if (random(3) === 0) lines.splice(at, 1);
    else lines.splice(at, random(2), WORDS[random(WORDS.length)]!);
  }
  return lines.join("\n");
}

Deno.test("a diff makes the one file of the other, and counts what it does", () => {
  for (let seed = 1; seed <= 1_500; seed++) {
    const random = randomOf(seed);
    const before = textOf(random);
    const after = random(5) === 0 ? textOf(random) : changed(before, random);
    const differences = fileDifferences({ files: { a: before } }, { files: { a: after } });
    if (before === after) {
      assert.deepEqual(differences, [], `seed ${seed}`);
      continue;
    }
    const [{ diff = "", added, removed } = { diff: "" }] = differences;
    const patch = `--- a\n+++ a\n${diff}\n`;
    assert.equal(
      applyPatch(before, patch, { autoConvertLineEndings: false }),
      after,
      `seed ${seed}:\n${diff}`,
    );
    const back = fileDifferences({ files: { a: after } }, { files: { a: before } });
    assert.deepEqual([back[0]?.added, back[0]?.removed], [removed, added], `seed ${seed}`);
  }
});

Deno.test("a text of many differences has no more lines than it may, and begins with every name that fits", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomOf(seed);
    const files = Object.fromEntries(
      Array.from({ length: random(8) }, (_, index) => [`f${index}`, textOf(random)]),
    );
    const differences = fileDifferences({ files: {} }, { files });
    const most = differences.length + 1 + random(60);
    const lines = differencesText(differences, most).split("\n");
    for (const { path } of differences) {
      assert.ok(lines.some((line) => line.startsWith(`${path} (added`)), `seed ${seed}`);
    }
    // Names are always told.
    assert.ok(lines.length <= most + differences.length, `seed ${seed}: ${lines.length} > ${most}`);
  }
});
