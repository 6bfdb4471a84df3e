import assert from "node:assert/strict";
import { newKey } from "../keys/key_ring.ts";
import { newNonce, type PlanClaims, shortOf, signed, verified } from "./plan_token.ts";

const key = newKey();
const keys = { current: key, all: [key] };
const claims = (): PlanClaims => ({
  until: Date.parse("2026-11-22T00:05:00Z"),
  nonce: newNonce(),
  asked: shortOf("asked", "asked"),
  bound: shortOf("bound", "bound"),
});

Deno.test("what was signed is read again", () => {
  const plan = claims();
  assert.deepEqual(verified(signed(plan, key), keys), plan);
});

Deno.test("a token is short enough to be repeated, and fits into any argument", () => {
  assert.match(signed(claims(), key), /^[A-Za-z0-9_-]{72}$/);
});

Deno.test("any of the keys will do, and no other", () => {
  const [older, other] = [newKey(), newKey()];
  const token = signed(claims(), older);
  assert.notEqual(verified(token, { current: key, all: [key, older] }), undefined);
  assert.equal(verified(token, { current: key, all: [key, other] }), undefined);
});

Deno.test("a token that was changed anywhere is none", () => {
  const token = signed(claims(), key);
  for (let at = 0; at < token.length; at++) {
    const other = token[at] === "A" ? "B" : "A";
    assert.equal(verified(token.slice(0, at) + other + token.slice(at + 1), keys), undefined, `at ${at}`);
  }
});

Deno.test("what is no token is none, whatever it is", () => {
  const token = signed(claims(), key);
  const odd = ["", "x", token.slice(1), `${token}A`, `${token}=`, ` ${token}`, `${token}\n`, "é".repeat(72)];
  for (const text of odd) assert.equal(verified(text, keys), undefined, JSON.stringify(text));
  for (let length = 0; length < 80; length++) {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    assert.equal(verified(bytes.toBase64({ alphabet: "base64url", omitPadding: true }), keys), undefined);
  }
});

Deno.test("two plans for the same are told apart", () => {
  const nonces = new Set(Array.from({ length: 100 }, newNonce));
  assert.equal(nonces.size, 100);
});
