import assert from "node:assert/strict";
import { oneLine, trouble } from "./trouble.ts";

Deno.test("words of others become one line that is no longer than somebody reads", () => {
  assert.equal(oneLine("  Back-off\n\trestarting   it\r\n"), "Back-off restarting it");
  assert.equal(oneLine(undefined), "");
  assert.equal(oneLine("x".repeat(600)).length, 600);
  const cut = oneLine("x".repeat(700));
  assert.deepEqual([cut.length, cut.at(-1)], [600, "…"]);
  assert.equal(oneLine(`${"x".repeat(598)}😀${"x".repeat(10)}`).at(-2), "x", "no half characters");
});

Deno.test("terminals get no orders, and nothing is hidden in it", () => {
  assert.equal(oneLine("\x1b[31mError\x1b[0m: \x1b]0;title\x07no\x00 disk\x9b"), "Error: no disk");
  assert.equal(oneLine("a\u202eb\u2066c\u200bd\ufeffe"), "abcde");
  assert.equal(oneLine("seen\u{e0041}\u{e0042}"), "seen");
  assert.equal(oneLine("Zürich – 東京 😀"), "Zürich – 東京 😀");
});

Deno.test("hostile text takes no time", () => {
  const since = performance.now();
  for (const part of ["\x1b]", "\x1b[0;", " \n", "\x1b]\x1b"]) oneLine(part.repeat(1_000_000));
  assert.ok(performance.now() - since < 10_000);
});

Deno.test("what proves nothing is left out of a trouble", () => {
  assert.deepEqual(trouble("pod", "It waits.", undefined, " "), { about: "pod", says: "It waits." });
  assert.deepEqual(trouble("pod", "It waits.", "Failed", "no\nroom"), {
    about: "pod",
    says: "It waits.",
    evidence: "Failed: no room",
  });
});
