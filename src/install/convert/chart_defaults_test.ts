import assert from "node:assert/strict";
import { CHART_DEFAULTS, mergeValues } from "./chart_defaults.ts";
import type { Fields } from "./values_text.ts";

Deno.test("maps are merged, lists and scalars replace, null takes away", () => {
  const defaults = { map: { a: 1, b: { c: 2 } }, list: [1, 2], text: "x", gone: { deep: 1 } };
  const given = { map: { b: { d: 3 } }, list: [], text: 7, gone: null, new: { e: 4 } };
  assert.deepEqual(mergeValues(defaults, given), {
    map: { a: 1, b: { c: 2, d: 3 } },
    list: [],
    text: 7,
    new: { e: 4 },
  });
});

Deno.test("a map replaces a scalar and a scalar a map", () => {
  assert.deepEqual(mergeValues({ a: 1, b: { c: 1 } }, { a: { x: 1 }, b: 2 }), { a: { x: 1 }, b: 2 });
});

Deno.test("neither side is changed", () => {
  const before = structuredClone(CHART_DEFAULTS);
  mergeValues(CHART_DEFAULTS, { coder: { image: { repo: "x" }, affinity: null } });
  assert.deepEqual(CHART_DEFAULTS, before);
});

Deno.test("a key named __proto__ stays a key", () => {
  const merged = mergeValues({}, JSON.parse('{"__proto__": {"a": 1}}') as Fields);
  assert.ok(Object.hasOwn(merged, "__proto__"));
  assert.equal((merged as { a?: unknown }).a, undefined);
});
