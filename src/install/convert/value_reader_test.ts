import assert from "node:assert/strict";
import { isEmpty, scalarText, ValueReader } from "./value_reader.ts";
import type { Fields } from "./values_text.ts";

const reader = (values: Fields) => new ValueReader(values, values);
const said = (values: ValueReader) => values.notes.map(({ path, what }) => `${path}: ${what}`);

Deno.test("texts are texts, numbers and switches; blank ones count as absent", () => {
  const values = reader({
    a: { text: " x ", number: 2.3, flag: true, blank: " ", none: null, map: { b: 1 }, empty: {} },
  });
  assert.deepEqual(
    ["text", "number", "flag", "blank", "none", "map", "empty", "missing"].map((key) =>
      values.text(`a.${key}`)
    ),
    [" x ", "2.3", "true", undefined, undefined, undefined, undefined, undefined],
  );
  assert.deepEqual(said(values), ["a.map: is not text and was left out"]);
});

Deno.test("switches may be quoted", () => {
  const values = reader({
    t: true,
    f: false,
    quoted: "true",
    no: "false",
    odd: "maybe",
    number: 1,
    none: null,
  });
  assert.deepEqual(
    ["t", "f", "quoted", "no", "odd", "number", "none", "missing"].map((key) => values.flag(key)),
    [
      true,
      false,
      true,
      false,
      false,
      false,
      false,
      false,
    ],
  );
  assert.deepEqual(values.notes.map(({ path }) => path), ["odd", "number"]);
});

Deno.test("whole numbers may be quoted, others are told", () => {
  const values = reader({
    n: 3,
    quoted: " 30080 ",
    negative: "-1",
    half: 1.5,
    huge: 1e300,
    word: "x",
    empty: "",
  });
  assert.deepEqual(
    ["n", "quoted", "negative", "half", "huge", "word", "empty", "missing"].map((key) => values.integer(key)),
    [3, 30080, -1, undefined, undefined, undefined, undefined, undefined],
  );
  assert.deepEqual(values.notes.map(({ path }) => path), ["half", "huge", "word"]);
});

Deno.test("lists are lists, and an empty map is an empty one", () => {
  const values = reader({ list: [1, "a", { b: 1 }, null], empty: {}, map: { a: 1 }, text: "a" });
  assert.deepEqual(values.texts("list"), ["1", "a"]);
  assert.deepEqual([values.list("empty"), values.list("map"), values.list("text"), values.list("missing")], [
    [],
    [],
    [],
    [],
  ]);
  assert.deepEqual(values.notes.map(({ path }) => path), ["list[2]", "list[3]", "map", "text"]);
});

Deno.test("maps of text take what is text", () => {
  const values = reader({
    map: { "a.b/c": "x", n: 1, f: true, none: null, deep: {} },
    list: [1],
    none: null,
  });
  assert.deepEqual(values.textMap("map"), { "a.b/c": "x", n: "1", f: "true" });
  assert.deepEqual([values.textMap("list"), values.textMap("none")], [{}, {}]);
  assert.deepEqual(said(values), [
    "map.deep: is not text and was left out",
    "list: is not a map and was left out",
  ]);
});

Deno.test("structures are checked one by one", () => {
  const values = reader({
    list: [{ key: "a" }, "x", { operator: 7 }],
    one: { fsGroup: 1, typo: 1 },
    none: {},
  });
  assert.deepEqual(values.structures("list", "Toleration"), [{ key: "a" }]);
  assert.deepEqual(values.structure("one", "PodSecurityContext"), { fsGroup: 1 });
  assert.equal(values.structure("none", "PodSecurityContext"), undefined);
  assert.deepEqual(values.notes.map(({ path }) => path), ["list[1]", "list[2].operator", "one.typo"]);
});

Deno.test("values that nobody read are known, empty ones do not count", () => {
  const given = {
    coder: {
      env: [{ name: "A" }],
      image: { tag: "x", tagg: "y" },
      bogus: { deep: { a: 1 } },
      empty: { a: {}, b: null },
    },
    global: {},
    libcoder: { global: {} },
    top: 1,
  };
  const values = reader(given);
  values.list("coder.env");
  values.text("coder.image.tag");
  values.raw("coder.affinity");
  assert.deepEqual(values.unread(), ["coder.image.tagg", "coder.bogus", "coder.empty", "libcoder", "top"]);
});

Deno.test("what was given is told from what is a default", () => {
  const values = new ValueReader({ a: 1, b: 2, c: { d: 3 } }, { b: 2, c: null });
  assert.deepEqual(["a", "b", "c", "c.d"].map((path) => values.isGiven(path)), [false, true, false, false]);
});

Deno.test("names of an object's own methods are no values", () => {
  const values = reader({ coder: {} });
  assert.equal(values.raw("coder.constructor"), undefined);
  assert.equal(values.raw("toString.length"), undefined);
});

Deno.test("empty is what a template renders nothing for", () => {
  assert.deepEqual([undefined, null, "", " ", [], {}].map(isEmpty), Array(6).fill(true));
  assert.deepEqual([0, false, "x", [null], { a: null }].map(isEmpty), Array(5).fill(false));
  assert.deepEqual(["x", 0, false, null, {}, []].map(scalarText), [
    "x",
    "0",
    "false",
    undefined,
    undefined,
    undefined,
  ]);
});
