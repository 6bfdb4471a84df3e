import assert from "node:assert/strict";
import { sign, verify } from "./signed.ts";

const key = new Uint8Array(32).fill(3);
const keys = () => ({ current: key, all: [key] });

Deno.test("what was signed comes back, for its purpose and from its key alone", () => {
  const text = sign("one", { a: 1 }, keys);
  assert.deepEqual(verify("one", text, keys), { a: 1 });
  assert.equal(verify("two", text, keys), undefined);
  const other = new Uint8Array(32).fill(4);
  assert.equal(verify("one", text, () => ({ current: other, all: [other] })), undefined);
  assert.deepEqual(verify("one", text, () => ({ current: other, all: [other, key] })), { a: 1 });
});

Deno.test("no character of it can be another", () => {
  const text = sign("one", { a: 1 }, keys);
  for (let at = 0; at < text.length; at++) {
    const changed = `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`;
    assert.equal(verify("one", changed, keys), undefined, `at ${at}`);
  }
});

Deno.test("texts that are none are none", () => {
  for (const text of ["", ".", "abc", ".abc", "abc.", "a.b.c", "x".repeat(10_000)]) {
    assert.equal(verify("one", text, keys), undefined);
  }
});
