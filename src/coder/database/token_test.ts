import assert from "node:assert/strict";
import { hashSecret, newToken, randomText, splitToken } from "./token.ts";

Deno.test("a new token has Coder's form, and no two are alike", () => {
  const tokens = Array.from({ length: 500 }, newToken);
  for (const { id, secret } of tokens) assert.match(`${id}-${secret}`, /^[0-9A-Za-z]{10}-[0-9A-Za-z]{22}$/);
  assert.equal(new Set(tokens.map(({ id }) => id)).size, 500);
  assert.equal(new Set(tokens.map(({ secret }) => secret)).size, 500);
});

Deno.test("every character is equally likely: bytes that would favour some are thrown away", () => {
  // Every byte once, then the same again: of 256 values 248 are used, each character four times.
  let next = 0;
  const every = (bytes: Uint8Array) => void bytes.forEach((_, index) => bytes[index] = next++ % 256);
  const text = randomText(248, every);
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  assert.equal(counts.size, 62);
  assert.deepEqual(new Set(counts.values()), new Set([4]));
});

Deno.test("bytes that are thrown away are replaced by others", () => {
  let calls = 0;
  const text = randomText(3, (bytes) => void bytes.fill(calls++ === 0 ? 255 : 61));
  assert.deepEqual([text, calls], ["zzz", 2]);
});

Deno.test("a token is split at its first dash, white space around it aside", () => {
  assert.deepEqual(splitToken(" abc-d-e\n"), { id: "abc", secret: "d-e" });
  for (const text of ["", "abc", "-abc", "abc-", "-", " - "]) assert.equal(splitToken(text), undefined, text);
});

Deno.test("the hash of a secret is its SHA-256", () => {
  const hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assert.equal(hashSecret("abc").toString("hex"), hash);
});
