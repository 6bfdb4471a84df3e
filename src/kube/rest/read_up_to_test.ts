import assert from "node:assert/strict";
import { readUpTo } from "./read_up_to.ts";

async function* parts(...given: (string | Uint8Array)[]) {
  for (const part of given) yield await Promise.resolve(part);
}

Deno.test("a stream is read as far as it is wanted, whatever its pieces", async () => {
  const read = async (most: number) => {
    const { bytes, isCut } = await readUpTo(parts("ab", new TextEncoder().encode("cdé"), ""), most);
    return [new TextDecoder().decode(bytes), isCut];
  };
  assert.deepEqual(await read(100), ["abcdé", false]);
  assert.deepEqual(await read(6), ["abcdé", false]);
  assert.deepEqual(await read(3), ["abc", true]);
  assert.deepEqual(await read(0), ["", true]);
});
