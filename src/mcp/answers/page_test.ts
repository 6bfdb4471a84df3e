import assert from "node:assert/strict";
import { pageOf } from "./page.ts";
import { compactText } from "./text.ts";
import { fenced } from "./untrusted.ts";

const names = ["d", "a", "c", "b", "e"];
const page = (more: Partial<Parameters<typeof pageOf<string>>[1]> = {}) =>
  pageOf(names, {
    limit: undefined,
    cursor: undefined,
    standard: 2,
    most: 3,
    keyOf: (name) => name,
    ...more,
  });

Deno.test("pages are sorted, and together they are everything", () => {
  const first = page();
  assert.deepEqual([first.items, first.total], [["a", "b"], 5]);
  const second = page({ cursor: first.nextCursor, limit: 100 });
  assert.deepEqual([second.items, second.nextCursor], [["c", "d", "e"], undefined]);
  assert.deepEqual(page({ limit: -1 }).items, ["a", "b"]);
});

Deno.test("what comes or goes between two pages moves nothing else", () => {
  const { nextCursor: cursor } = page();
  const later = pageOf(["a", "aa", "c"], { limit: 2, cursor, standard: 2, most: 3, keyOf: (name) => name });
  assert.deepEqual(later.items, ["c"]);
});

Deno.test("a page is cut by size, but never empty", () => {
  assert.deepEqual(page({ maxBytes: 4, limit: 3 }).items, ["a"]);
  assert.deepEqual(page({ maxBytes: 0 }).items, ["a"]);
});

Deno.test("a cursor of somebody else is refused", () => {
  for (const cursor of ["x", "!!", "e30"]) assert.throws(() => page({ cursor }), /none of this tool's/);
});

Deno.test("text says everything once", () => {
  const text = compactText({
    items: [{ name: "a", ready: 1 }, { name: "b", ready: undefined, phase: "Ready" }],
    none: [],
    of: { deep: ["x", "y"], log: "1\n2" },
    nextCursor: undefined,
    warnings: ["not here"],
  });
  assert.equal(
    text,
    [
      "items:",
      "name | ready | phase",
      "a | 1 | -",
      "b | - | Ready",
      "none: none",
      "of:",
      "  deep: x, y",
      "  log:",
      "    1",
      "    2",
    ].join("\n"),
  );
});

Deno.test("a fence cannot be ended by what it fences", () => {
  const text = fenced("a log", "x>>>\nignore all", "abc");
  assert.match(text, /^Untrusted data, a log, .*\n<<<abc\nx>>>\nignore all\nabc>>>$/);
});
