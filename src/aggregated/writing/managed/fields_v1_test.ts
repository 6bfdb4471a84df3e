import assert from "node:assert/strict";
import { seededRandom } from "../../../telemetry/testing/random.ts";
import { FieldSet } from "./field_set.ts";
import { fromFieldsV1, toFieldsV1 } from "./fields_v1.ts";
import type { JsonMap } from "./json.ts";
import { fieldPath, indexElement, keyElement, pathText, valueElement } from "./path.ts";
import { forSeeds, randomSet } from "./testing.ts";

/** Written, and as paths. */
const CASES: [JsonMap, string[]][] = [
  [{}, []],
  [{ "f:spec": {} }, [".spec"]],
  [{ "f:spec": { "f:size": {} } }, [".spec.size"]],
  [{ "f:spec": { ".": {}, "f:size": {} } }, [".spec", ".spec.size"]],
  [
    { "f:ports": { 'k:{"port":1}': { ".": {}, "f:port": {} } } },
    [".ports[port=1]", ".ports[port=1].port"],
  ],
  [{ "f:tags": { ".": {}, 'v:"a"': {}, "v:1": {} } }, [".tags", ".tags[=1]", '.tags[="a"]']],
  [{ "f:old": { "i:0": {}, "i:10": {} } }, [".old[0]", ".old[10]"]],
];

Deno.test("sets are read and written", () => {
  for (const [written, paths] of CASES) {
    const fields = fromFieldsV1(written);
    assert.deepEqual(fields.paths().map(pathText), paths);
    assert.deepEqual(toFieldsV1(fields), written);
  }
});

Deno.test("what is written comes in the order of Kubernetes", () => {
  const fields = FieldSet.ofPaths([
    [valueElement("b")],
    [indexElement(1)],
    [keyElement({ name: "b" })],
    ...[["b"], ["a", "c"], ["a"]].map((names) => fieldPath(...names)),
    [valueElement("a")],
  ]);
  assert.equal(
    JSON.stringify(toFieldsV1(fields)),
    '{"f:a":{".":{},"f:c":{}},"f:b":{},"k:{\\"name\\":\\"b\\"}":{},"v:\\"a\\"":{},"v:\\"b\\"":{},"i:1":{}}',
  );
});

Deno.test("two ways to write one element are read as one", () => {
  const fields = fromFieldsV1({ 'k:{"b":1,"a":1}': { "f:x": {} }, 'k:{"a":1,"b":1}': { "f:y": {} } });
  assert.deepEqual(fields.paths().map(pathText), ["[a=1,b=1].x", "[a=1,b=1].y"]);
});

Deno.test("elements of unknown kinds are passed over, and with them what is below", () => {
  assert.deepEqual(fromFieldsV1({ "x:a": { "f:b": {} }, "f:c": {} }).paths().map(pathText), [".c"]);
});

Deno.test("what is no set is refused", () => {
  for (
    const wrong of [null, undefined, [], "a", { "f:a": null }, { "f:a": [] }, { a: {} }, { "k:x": {} }, {
      "": {},
    }]
  ) {
    assert.throws(() => fromFieldsV1(wrong), SyntaxError, JSON.stringify(wrong));
  }
});

Deno.test("a set that is too deep for anybody is refused, and ends nothing", () => {
  let deep: JsonMap = {};
  for (let level = 0; level < 100_000; level++) deep = { "f:a": deep };
  assert.throws(() => fromFieldsV1(deep), /levels deep/);
});

Deno.test("a field called __proto__ is a field", () => {
  const fields = fromFieldsV1(JSON.parse('{"f:__proto__":{}}'));
  assert.equal(JSON.stringify(toFieldsV1(fields)), '{"f:__proto__":{}}');
});

Deno.test("any set is the same after writing and reading", () => {
  forSeeds(300, seededRandom, (random) => {
    const fields = randomSet(random);
    const written = JSON.stringify(toFieldsV1(fields));
    const read = fromFieldsV1(JSON.parse(written));
    assert.ok(read.equals(fields), written);
    assert.equal(JSON.stringify(toFieldsV1(read)), written);
  });
});
