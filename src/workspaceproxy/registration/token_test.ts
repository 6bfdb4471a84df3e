import assert from "node:assert/strict";
import { proxyIdOf } from "./token.ts";

const ID = "11111111-2222-4333-8444-555555555555";

Deno.test("a token tells the proxy that it is for", () => {
  assert.equal(proxyIdOf(`${ID}:${"0".repeat(64)}`), ID);
  assert.equal(proxyIdOf(`${ID.toUpperCase()}:x`), ID);
});

Deno.test("what is no token of a proxy tells nothing", () => {
  for (const text of ["", ID, `${ID}:`, `${ID}: x`, `x${ID}:y`, "abc:def", `${ID.slice(1)}:x`]) {
    assert.equal(proxyIdOf(text), undefined, text);
  }
});
