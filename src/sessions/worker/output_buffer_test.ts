import assert from "node:assert/strict";
import { seededRandom } from "../../telemetry/testing/random.ts";
import { OutputBuffer } from "./output_buffer.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

Deno.test("what fits is kept, with its numbers", () => {
  const buffer = new OutputBuffer(8);
  buffer.append(bytes(1, 2, 3));
  buffer.append(bytes(4));
  assert.deepEqual([buffer.start, buffer.end, buffer.length], [0, 4, 4]);
  assert.deepEqual(buffer.read(0, 100), bytes(1, 2, 3, 4));
  assert.deepEqual(buffer.read(2, 1), bytes(3));
  assert.deepEqual(buffer.read(4, 10), bytes());
});

Deno.test("the oldest goes where there is more than the limit", () => {
  const buffer = new OutputBuffer(4);
  buffer.append(bytes(1, 2, 3));
  buffer.append(bytes(4, 5, 6));
  assert.deepEqual([buffer.start, buffer.end, buffer.length], [2, 6, 4]);
  assert.deepEqual(buffer.read(0, 100), bytes(3, 4, 5, 6));
  assert.deepEqual(buffer.read(5, 100), bytes(6));
});

Deno.test("more than the limit at once leaves its end", () => {
  const buffer = new OutputBuffer(3);
  buffer.append(bytes(9));
  buffer.append(bytes(1, 2, 3, 4, 5));
  assert.deepEqual([buffer.start, buffer.end], [3, 6]);
  assert.deepEqual(buffer.read(0, 9), bytes(3, 4, 5));
});

Deno.test("what was read is a copy, and what is appended may be changed afterwards", () => {
  const buffer = new OutputBuffer(4);
  const given = bytes(1, 2, 3, 4);
  buffer.append(given);
  given.fill(0);
  const read = buffer.read(0, 4);
  read.fill(9);
  assert.deepEqual(buffer.read(0, 4), bytes(1, 2, 3, 4));
});

Deno.test("memory is for what is kept: little at first, exactly that at the end", () => {
  const buffer = new OutputBuffer(2 ** 20);
  assert.equal(buffer.held, 0);
  buffer.append(new Uint8Array(10));
  assert.ok(buffer.held < 5_000);
  buffer.append(new Uint8Array(10_000));
  buffer.compact();
  assert.equal(buffer.held, 10_010);
  buffer.append(bytes(7));
  assert.deepEqual(buffer.read(10_009, 9), bytes(0, 7));
});

Deno.test("an empty one reads as nothing, before and after it was made small", () => {
  const buffer = new OutputBuffer(10);
  assert.equal(buffer.read(0, 10).length, 0);
  buffer.compact();
  buffer.append(bytes());
  assert.equal(buffer.read(5, 10).length, 0);
  assert.deepEqual([buffer.start, buffer.end, buffer.held], [0, 0, 0]);
});

for (const seed of [1, 2, 3, 4]) {
  Deno.test(`it answers as all bytes would, cut to the last ones (seed ${seed})`, () => {
    const random = seededRandom(seed);
    const limit = 1 + Math.floor(random() * 3_000);
    const buffer = new OutputBuffer(limit);
    const all: number[] = [];
    for (let step = 0; step < 400; step++) {
      const size = random() < 0.05 ? limit + Math.floor(random() * 50) : Math.floor(random() * 200);
      const piece = Uint8Array.from({ length: size }, () => Math.floor(random() * 256));
      buffer.append(piece);
      all.push(...piece);
      if (random() < 0.05) buffer.compact();
      const start = Math.max(0, all.length - limit);
      assert.equal(buffer.start, start);
      assert.equal(buffer.end, all.length);
      assert.ok(buffer.held <= limit, `${buffer.held} of ${limit}`);
      const from = Math.floor(random() * (all.length + 1));
      const most = Math.floor(random() * 500);
      const begin = Math.max(from, start);
      assert.deepEqual([...buffer.read(from, most)], all.slice(begin, begin + most));
    }
  });
}

Deno.test("what is lost has its numbers, and what was before it is kept no more", () => {
  const buffer = new OutputBuffer(10);
  buffer.append(new Uint8Array([1, 2, 3]));
  buffer.lose(0);
  assert.equal(buffer.length, 3);
  buffer.lose(5);
  assert.deepEqual([buffer.start, buffer.end, buffer.length], [8, 8, 0]);
  buffer.append(new Uint8Array([4, 5]));
  assert.deepEqual([...buffer.read(0, 10)], [4, 5]);
  assert.deepEqual([buffer.start, buffer.end], [8, 10]);
});
