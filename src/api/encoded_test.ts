import assert from "node:assert/strict";
import { encoded, encodedText } from "./encoded.ts";
import type { KubeObject } from "./object.ts";

interface Thing extends KubeObject {
  spec: { size: number; tags?: string[] };
  status?: { phase: string } | undefined;
}

const thing = (size: number, status?: Thing["status"]): Thing => ({
  apiVersion: "example.com/v1",
  kind: "Thing",
  metadata: { name: `t${size}`, namespace: "a", labels: { "é": "\u2028" } },
  spec: { size, tags: ["x"] },
  ...(status === undefined ? {} : { status }),
});

Deno.test("what is kept as text is equal to what it was made of, however it is read", () => {
  for (const one of [thing(1), thing(2, { phase: "Ready" })]) {
    const kept = encoded(one);
    assert.deepEqual(kept, one);
    assert.deepEqual({ ...kept }, one);
    assert.deepEqual(Object.keys(kept), Object.keys(one));
    assert.equal(JSON.stringify(kept), JSON.stringify(one));
    assert.deepEqual(structuredClone(kept), one);
    assert.equal(kept.spec.size, one.spec.size);
    assert.deepEqual(kept.status, one.status);
  }
});

Deno.test("its text is there without writing it anew, and other objects have none", () => {
  const one = thing(3);
  const kept = encoded(one);
  assert.equal(encodedText(kept), JSON.stringify(one));
  assert.equal(encodedText(one), undefined);
  assert.equal(encodedText({ ...kept }), undefined, "a copy may be changed");
});

Deno.test("objects of one kind do not mix up their fields", () => {
  const many = Array.from({ length: 100 }, (_, index) => encoded(thing(index)));
  assert.deepEqual(many.map(({ spec }) => spec.size), many.map((_, index) => index));
  assert.deepEqual(many.map(({ metadata }) => metadata.name), many.map((_, index) => `t${index}`));
});

Deno.test("a field that is undefined is no field, as in JSON", () => {
  const kept = encoded({ ...thing(1), status: undefined });
  assert.equal("status" in kept, false);
});

Deno.test("what is changed outside afterwards changes nothing of it, and nobody can set its fields", () => {
  const one = thing(1);
  const kept = encoded(one);
  one.spec.size = 7;
  assert.equal(kept.spec.size, 1);
  assert.throws(() => kept.spec = { size: 2 }, TypeError);
});
