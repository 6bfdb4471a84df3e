import assert from "node:assert/strict";
import { MalformedError } from "./parsed.ts";
import { MAX_TOKENS, parseYaml } from "./yaml_text.ts";

const value = (text: string) => parseYaml(text).value;

Deno.test("YAML is read as version 1.1 has it, and times stay text", () => {
  assert.deepEqual(
    value(
      "a: yes\nb: 0x10\nc: 1_000\nd: 0o17\ne: ~\nf:\ng: 1:20\nh: 2026-01-01\ni: 2026-01-01T00:00:00Z\nj: '5'",
    ),
    {
      a: true,
      b: 16,
      c: 1000,
      d: "0o17",
      e: null,
      f: null,
      g: "1:20",
      h: "2026-01-01",
      i: "2026-01-01T00:00:00Z",
      j: "5",
    },
  );
  assert.deepEqual(value("a: |\n  one\n  two\nb: >\n  x\n  y\n"), { a: "one\ntwo\n", b: "x y\n" });
  assert.deepEqual(value("[1, {a: b}, -1.5]"), [1, { a: "b" }, -1.5]);
  assert.equal(value(""), null);
  assert.equal(value("# nothing"), null);
});

Deno.test("names of fields are text, whatever they look like", () => {
  assert.deepEqual(value("1: a\ntrue: b\n1.5: c"), { "1": "a", true: "b", "1.5": "c" });
  assert.throws(() => parseYaml("[a]: b"), /names of fields must be text/);
  assert.throws(() => parseYaml("~: b"), /names of fields must be text/);
});

Deno.test("the first of several documents counts", () => {
  assert.deepEqual(value("a: 1\n---\nb: 2"), { a: 1 });
});

Deno.test("fields that are there twice are told with their lines, and the last one counts", () => {
  const { value, duplicates } = parseYaml("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n");
  assert.deepEqual(value, { a: 3, b: { c: 2 } });
  assert.deepEqual(duplicates, ['line 4: key "c" already set in map', 'line 5: key "a" already set in map']);
});

Deno.test("an alias means the last anchor of that name before it", () => {
  assert.deepEqual(value("a: &x 1\nb: *x\nc: &x {d: 2}\ne: [*x, *x]"), {
    a: 1,
    b: 1,
    c: { d: 2 },
    e: [{ d: 2 }, { d: 2 }],
  });
  assert.throws(() => parseYaml("a: *x\nb: &x 1"), MalformedError);
  assert.throws(() => parseYaml("a: &x [*x]"), /contains itself/);
});

Deno.test("maps are merged in, and what is written out wins", () => {
  const base = "a: &a {p: 1, q: 2}\nb: &b {q: 3, r: 4}\n";
  const merged = (text: string) => (value(`${base}c: ${text}`) as { c: unknown }).c;
  assert.deepEqual(merged("{<<: *a, q: 9}"), { p: 1, q: 9 });
  assert.deepEqual(merged("{<<: [*a, *b]}"), { p: 1, q: 2, r: 4 });
  assert.throws(() => parseYaml("a: {<<: 1}"), /only maps can be merged/);
  assert.deepEqual(value('{"<<": 1}'), { "<<": 1 });
});

Deno.test("fields named as those of prototypes are fields as others", () => {
  const read = value("__proto__: {polluted: 1}\nb: &b {__proto__: 2}\nc: {<<: *b}") as Record<string, object>;
  assert.equal(JSON.stringify(read), '{"__proto__":{"polluted":1},"b":{"__proto__":2},"c":{"__proto__":2}}');
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});

Deno.test("aliases that stand for more than they should are refused at once", () => {
  const levels = "abcdefghij".split("").map((name, index) => {
    const below = index === 0 ? "x" : `*${"abcdefghij"[index - 1]}`;
    return `${name}: &${name} [${Array(9).fill(below).join()}]`;
  });
  assert.throws(() => parseYaml(levels.join("\n")), /excessive aliasing/);
  const long = `a: &a ${"x".repeat(1_000_000)}\nb: [*a, *a, *a, *a]`;
  assert.throws(() => parseYaml(long), /excessive aliasing/);
});

Deno.test("texts that would take long to read are refused", () => {
  assert.throws(() => parseYaml("- 1\n".repeat(MAX_TOKENS)), /send JSON/);
  assert.throws(() => parseYaml(`${"[".repeat(3000)}${"]".repeat(3000)}`), /more than 1000 deep/);
  assert.doesNotThrow(() => parseYaml(`${"[".repeat(100)}${"]".repeat(100)}`));
});

Deno.test("what is no YAML, or no JSON, is said with its line", () => {
  assert.throws(() => parseYaml("a: 1\nb: c: d"), /^MalformedError: line 2: /);
  assert.throws(() => parseYaml("{a"), MalformedError);
  assert.throws(() => parseYaml("a: .inf"), /Infinity is no value of JSON/);
  assert.throws(() => parseYaml("a: .nan"), /NaN is no value of JSON/);
});
