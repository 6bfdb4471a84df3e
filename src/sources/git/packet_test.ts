import assert from "node:assert/strict";
import { endOfListing } from "./packet.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("a list ends with its flush packet, however it comes", () => {
  const list = "000bhello\n\n0004".replace("0004", "0000");
  assert.equal(endOfListing(bytes(list)), list.length);
  assert.equal(endOfListing(bytes(`${list}rest`)), list.length);
  for (let end = 0; end < list.length; end++) {
    assert.equal(endOfListing(bytes(list.slice(0, end))), undefined);
  }
});

Deno.test("what is no list is refused", () => {
  for (const text of ["Welcome to the server", "0003", "zzzz"]) {
    assert.throws(() => endOfListing(bytes(text)), /no list/);
  }
});
