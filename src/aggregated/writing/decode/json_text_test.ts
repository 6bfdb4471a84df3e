import assert from "node:assert/strict";
import { below, pick, seededRandom, text } from "../../../telemetry/testing/random.ts";
import { parseJson } from "./json_text.ts";
import type { Json } from "./json_value.ts";
import { MalformedError, MAX_DEPTH, MAX_DUPLICATES } from "./parsed.ts";

function randomJson(random: () => number, depth = 0): Json {
  const sorts = depth > 4
    ? ["text", "number", "word"]
    : ["text", "number", "word", "list", "object", "object"];
  switch (pick(random, sorts)) {
    case "text":
      return text(random, below(random, 8), 'ab"\\\n\u0000é\u2028 ');
    case "number":
      return pick(random, [0, -0.5, 1e21, 12345, -7, 2 ** 53]);
    case "word":
      return pick(random, [true, false, null]);
    case "list":
      return Array.from({ length: below(random, 4) }, () => randomJson(random, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: below(random, 4) }, (_, index) => [
          pick(random, ["a", "__proto__", "é", ""]) + index,
          randomJson(random, depth + 1),
        ]),
      );
  }
}

Deno.test("whatever JSON there is reads as JSON.parse reads it", () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = seededRandom(seed);
    const text = JSON.stringify(randomJson(random), null, below(random, 3)).replace(/^/, " \n\t");
    const { value, duplicates } = parseJson(text);
    assert.deepEqual(value, JSON.parse(text), `seed ${seed}`);
    assert.deepEqual(duplicates, []);
  }
});

Deno.test("what JSON.parse refuses is refused, and only that", () => {
  const base = '{"a":[1,-2.5e3,true,null,"x\\u0041\\\\"],"b":{"c":""}}';
  const random = seededRandom(5);
  for (let round = 0; round < 2000; round++) {
    const at = below(random, base.length);
    const broken = base.slice(0, at) + pick(random, ["", ",", '"', "}", "1", "\\", "x", " "]) +
      base.slice(at + below(random, 2));
    let isJson = true;
    try {
      JSON.parse(broken);
    } catch {
      isJson = false;
    }
    if (isJson) assert.doesNotThrow(() => parseJson(broken), broken);
    else assert.throws(() => parseJson(broken), MalformedError, broken);
  }
});

Deno.test("fields that are there twice are told with their paths, and the last one counts", () => {
  const { value, duplicates } = parseJson('{"a":1,"b":[{"c":1,"c":{"d":2}}],"a":{"e":1,"e":2}}');
  assert.deepEqual(value, { a: { e: 2 }, b: [{ c: { d: 2 } }] });
  assert.deepEqual(duplicates, [
    'duplicate field "b[0].c"',
    'duplicate field "a"',
    'duplicate field "a.e"',
  ]);
});

Deno.test("of many fields that are there twice so many are told", () => {
  const text = `{${Array(500).fill('"a":1').join()}}`;
  assert.equal(parseJson(text).duplicates.length, MAX_DUPLICATES);
});

Deno.test("fields named as those of prototypes are fields as others", () => {
  const { value } = parseJson('{"__proto__":{"polluted":1},"constructor":2}');
  assert.deepEqual(Object.keys(value as object), ["__proto__", "constructor"]);
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  assert.equal(JSON.stringify(value), '{"__proto__":{"polluted":1},"constructor":2}');
  assert.deepEqual(parseJson('{"__proto__":1,"__proto__":2}').duplicates.length, 1);
});

Deno.test("texts are well formed, whatever escapes say", () => {
  assert.equal(parseJson('"\\ud800"').value, "\ufffd");
  assert.equal(parseJson('"\\ud83d\\ude00"').value, "\u{1f600}");
});

Deno.test("nothing lies deeper than it may", () => {
  const deep = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assert.doesNotThrow(() => parseJson(deep(MAX_DEPTH)));
  assert.throws(() => parseJson(deep(MAX_DEPTH + 1)), /more than 1000 deep/);
  assert.throws(() => parseJson('{"a":'.repeat(100_000)), /more than 1000 deep/);
});

Deno.test("what is wrong is said with its place", () => {
  const cases: [string, RegExp][] = [
    ["", /unexpected end of JSON input/],
    ['{"a":', /unexpected end of JSON input/],
    ['"a', /unexpected end of JSON input/],
    ["{} {}", /"\{" after the end of the value, at position 3/],
    ["{a:1}", /"a" where the name of a field should begin, at position 1/],
    ['{"a" 1}', /"1" after the name of a field, at position 5/],
    ['{"a":1 "b":2}', /between two values, at position 7/],
    ["[1,]", /"\]" where a value should begin, at position 3/],
    ['"\\x"', /in the text at position 0/],
    ['"\n"', /in the text at position 0/],
    ["1e999", /the number 1e999 is too large/],
  ];
  for (const [text, message] of cases) assert.throws(() => parseJson(text), message, text);
});

Deno.test("a text of a megabyte full of escapes is read at once", () => {
  const long = '\\"\n'.repeat(400_000);
  assert.equal(parseJson(JSON.stringify({ long })).value !== null, true);
  assert.equal((parseJson(JSON.stringify([long])).value as string[])[0], long);
});
