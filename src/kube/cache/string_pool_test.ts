import assert from "node:assert/strict";
import { StringPool } from "./string_pool.ts";

const strings = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, index) => `${prefix}-string-number-${index}`);

Deno.test("intern() gives back an equal string", () => {
  const pool = new StringPool();
  assert.equal(pool.intern("ghcr.io/coder/coder"), "ghcr.io/coder/coder");
  assert.equal(pool.intern(["ghcr.io", "coder", "coder"].join("/")), "ghcr.io/coder/coder");
  assert.equal(pool.size, 1);
});

Deno.test("intern() does not remember strings that are too short or too long to pay", () => {
  const pool = new StringPool();
  assert.equal(pool.intern("short"), "short");
  assert.equal(pool.intern("x".repeat(300)), "x".repeat(300));
  assert.equal(pool.size, 0);
});

Deno.test("the pool holds at most two generations however many strings pass", () => {
  const pool = new StringPool(100);
  for (const text of strings(5000, "unique")) pool.intern(text);
  assert.ok(pool.size <= 200, `holds ${pool.size}`);
  assert.ok(pool.size >= 100, `holds ${pool.size}`);
});

Deno.test("a string that keeps coming back stays known while unique ones pass", () => {
  const pool = new StringPool(10);
  const sizes = new Set<number>();
  for (const text of strings(200, "unique")) {
    pool.intern(text);
    pool.intern("app.kubernetes.io/managed-by");
    const before = pool.size;
    pool.intern("app.kubernetes.io/managed-by");
    sizes.add(pool.size - before);
  }
  assert.deepEqual([...sizes], [0], "the repeated string was never added a second time in a row");
});

Deno.test("internAll() leaves the value equal, at every depth", () => {
  const pool = new StringPool();
  const make = () => ({
    name: "a-name-that-is-long",
    list: ["first-long-value", 1, null, true, { deep: ["second-long-value", ["third-long-value"]] }],
    empty: {},
    none: null,
  });
  const value = make();
  pool.internAll(value);
  assert.deepEqual(value, make());
  assert.equal(pool.size, 4);
});

Deno.test("internAll() accepts a key named __proto__ without touching any prototype", () => {
  const value = JSON.parse('{"labels":{"__proto__":"a-value-long-enough"}}') as Record<string, object>;
  new StringPool().internAll(value);
  assert.equal(JSON.stringify(value), '{"labels":{"__proto__":"a-value-long-enough"}}');
  assert.equal(Object.getPrototypeOf(value["labels"]), Object.prototype);
});
