import assert from "node:assert/strict";
import { parse } from "yaml";
import { yamlText } from "./yaml_text.ts";

Deno.test("objects are written in blocks, as people read them", () => {
  const value = {
    kind: "Gadget",
    metadata: { name: "a", labels: { "example.com/tier": "web" } },
    spec: { size: 3, running: true, tags: ["red", "1"], none: null, parts: {}, list: [] },
    items: [{ a: "b", c: { d: "e" } }, ["f", { g: "h" }]],
  };
  assert.equal(
    yamlText(value),
    `kind: Gadget
metadata:
  name: a
  labels:
    example.com/tier: web
spec:
  size: 3
  running: true
  tags:
    - red
    - "1"
  none: null
  parts: {}
  list: []
items:
  - a: b
    c:
      d: e
  - - f
    - g: h
`,
  );
});

Deno.test("whatever is written is read as the same, by readers of YAML 1.1 and 1.2", () => {
  const texts = [
    "",
    " ",
    "a b",
    "a: b",
    "a #b",
    "- a",
    "yes",
    "NO",
    "on",
    "null",
    "~",
    "True",
    "1",
    "1e3",
    "0x1f",
    "1:30",
    ".inf",
    "2026-01-01T00:00:00Z",
    "line\nline\n",
    "tab\t",
    'quote"',
    "it's",
    "\\",
    "ä€😀\u2028",
    "%a",
    "@a",
    "`a",
    "{a}",
    "[a]",
    "*a",
    "&a",
    "!a",
    "|",
    ">",
    "?",
    ":",
    ",",
    "a/b.c_d-e",
    "<<",
    "=",
  ];
  const value = {
    texts,
    keys: Object.fromEntries(texts.map((text, index) => [text, index])),
    nested: [[[]], [[1, [2]]], [{ a: [{ b: [] }] }], {}],
    numbers: [0, -1, 1.5, 1e21],
  };
  for (const version of ["1.1", "1.2"] as const) {
    assert.deepEqual(parse(yamlText(value), { version, merge: false }), value, version);
  }
});

Deno.test("a value that is no object stands alone", () => {
  assert.deepEqual([yamlText("a"), yamlText(null), yamlText([]), yamlText(1)], [
    "a\n",
    "null\n",
    "[]\n",
    "1\n",
  ]);
});
