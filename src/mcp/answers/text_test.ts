import assert from "node:assert/strict";
import { compactText, table } from "./text.ts";

Deno.test("lists of flat objects are tables, with every column that any row has", () => {
  assert.equal(
    compactText({
      items: [{ name: "a", phase: "Ready", replicas: 0 }, {
        name: "b",
        phase: "",
        url: "https://b",
        none: undefined,
      }],
      nextCursor: "c",
    }),
    [
      "items:",
      "name | phase | replicas | url",
      "a | Ready | 0 | -",
      "b | - | - | https://b",
      "nextCursor: c",
    ].join("\n"),
  );
  assert.equal(compactText({ items: [], warnings: ["w"] }), "items: none");
  assert.deepEqual(table([{ on: false, what: null }]), ["on | what", "false | -"]);
});

Deno.test("what is no table is told line by line, and nothing of it is left out", () => {
  assert.equal(
    compactText({
      log: "one\ntwo",
      items: [{ name: "a\nb" }],
      tags: ["x", "y"],
      nested: { list: [{ a: 1 }], deep: { b: [] }, gone: undefined },
      rows: [["a"], 1],
    }),
    [
      "log:",
      "  one",
      "  two",
      "items:",
      "  -:",
      "    name:",
      "      a",
      "      b",
      "tags: x, y",
      "nested:",
      "  list:",
      "    a",
      "    1",
      "  deep:",
      "    b: none",
      "rows:",
      "  -: a",
      "  -: 1",
    ].join("\n"),
  );
});
