import assert from "node:assert/strict";
import { ConvertError } from "./convert_error.ts";
import { isFields, parseValues } from "./values_text.ts";

Deno.test("no text, comments alone and null are no values", () => {
  for (const text of ["", "# nothing\n", "null\n", "~\n", "{}\n", "---\n"]) {
    assert.deepEqual(parseValues(text), {}, JSON.stringify(text));
  }
});

Deno.test("headings of helm get values are no values", () => {
  assert.deepEqual(parseValues("USER-SUPPLIED VALUES:\ncoder: {a: 1}\n"), { coder: { a: 1 } });
  assert.deepEqual(parseValues("COMPUTED VALUES:\na: 1\n"), { a: 1 });
  assert.deepEqual(
    parseValues("USER-SUPPLIED VALUES:\nnull\n"),
    {},
  );
});

Deno.test("scalars are read as Helm reads them", () => {
  const read = (scalar: string) => parseValues(`a: ${scalar}\n`)["a"];
  const cases: readonly [string, unknown][] = [
    ["0400", 256],
    ["0o17", "0o17"],
    ["0x10", 16],
    ["1_000", 1000],
    ["yes", true],
    ["off", false],
    ["y", true],
    ["12:30", "12:30"],
    ["2020-01-01", "2020-01-01"],
    ["'yes'", "yes"],
    ["2.30", 2.3],
    ["~", null],
    ["v2.30.0", "v2.30.0"],
  ];
  for (const [scalar, value] of cases) assert.deepEqual(read(scalar), value, scalar);
});

Deno.test("anchors and merges are resolved, and the last of two equal keys counts", () => {
  const text = "base: &b {v: 1, w: 1}\nmore: {<<: *b, w: 2}\ntwice: 1\ntwice: 2\n";
  assert.deepEqual(parseValues(text), { base: { v: 1, w: 1 }, more: { v: 1, w: 2 }, twice: 2 });
});

Deno.test("what is no map of values is refused, with the reason", () => {
  const bomb = ["a: &a [x,x,x,x,x,x,x,x,x]"];
  for (let i = 1; i < 9; i++) {
    const before = String.fromCharCode(96 + i);
    const key = String.fromCharCode(97 + i);
    bomb.push(`${key}: &${key} [${Array(9).fill(`*${before}`).join(",")}]`);
  }
  const cases: readonly [string, RegExp][] = [
    ["- a\n", /they must be a map, such as the output of helm get values RELEASE -o yaml/],
    ["text\n", /they must be a map/],
    ["7\n", /they must be a map/],
    ["a: [\n", /not valid YAML: .*line 2/s],
    ["a: *b\n", /alias/i],
    ["a: 1\n---\nb: 2\n", /document/],
    [`${bomb.join("\n")}\n`, /alias count/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseValues(text), (error) => {
      assert.ok(error instanceof ConvertError);
      assert.match(error.message, /^the values cannot be read: /);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("keys that would change an object's nature are keys like others", () => {
  const values = parseValues("__proto__: {polluted: true}\ncoder: {constructor: 1}\n");
  assert.equal(Object.getPrototypeOf(values), Object.prototype);
  assert.ok(Object.hasOwn(values, "__proto__"));
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});

Deno.test("maps are told from all else", () => {
  assert.deepEqual([{}, Object.create(null), [], null, "x", 1, new Map(), new Date()].map(isFields), [
    true,
    true,
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
});
