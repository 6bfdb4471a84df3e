import assert from "node:assert/strict";
import { BytesQueue } from "./bytes_queue.ts";

Deno.test("bytes are read in order, by as many as there is room for", async () => {
  const queue = new BytesQueue();
  queue.push(new Uint8Array([1, 2, 3]));
  queue.push(new Uint8Array());
  queue.push(new Uint8Array([4, 5]));
  const into = new Uint8Array(2);
  assert.equal(await queue.read(into), 2);
  assert.deepEqual([...into], [1, 2]);
  const rest = new Uint8Array(10);
  assert.equal(await queue.read(rest), 3);
  assert.deepEqual([...rest.subarray(0, 3)], [3, 4, 5]);
});

Deno.test("a reader waits for bytes, and for the end", async () => {
  const queue = new BytesQueue();
  const into = new Uint8Array(4);
  const first = queue.read(into);
  queue.push(new Uint8Array([9]));
  assert.equal(await first, 1);
  const second = queue.read(into);
  queue.push(new Uint8Array([8]));
  queue.end();
  queue.push(new Uint8Array([7]));
  assert.equal(await second, 1);
  assert.equal(into[0], 8);
  assert.equal(await queue.read(into), null);
});
