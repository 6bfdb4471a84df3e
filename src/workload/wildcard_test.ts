import assert from "node:assert/strict";
import { matchesWildcard } from "./wildcard.ts";

Deno.test("a star stands for any characters, also none, and everything else for itself", () => {
  const rows: [string, string[], string[]][] = [
    ["team", ["team"], ["", "teams", "a-team"]],
    ["*", ["", "team", "*"], []],
    ["team-*", ["team-", "team-a"], ["team", "a-team-b"]],
    ["*-ws", ["-ws", "a-ws"], ["ws", "a-ws-b"]],
    ["a*b*c", ["abc", "aXbYc", "abbcc"], ["acb", "ab", "xabc"]],
    ["a*a", ["aa", "aba"], ["a"]],
    ["ab*ba", ["abba", "ab-ba"], ["aba"]],
    ["a.c", ["a.c"], ["abc"]],
  ];
  for (const [pattern, yes, no] of rows) {
    for (const value of yes) assert.ok(matchesWildcard(pattern, value), `${pattern} ${value}`);
    for (const value of no) assert.ok(!matchesWildcard(pattern, value), `${pattern} ${value}`);
  }
});

Deno.test("many stars take no time", () => {
  const started = performance.now();
  assert.ok(!matchesWildcard(`${"a*".repeat(2_000)}b`, "a".repeat(5_000)));
  assert.ok(performance.now() - started < 1_000);
});
