import assert from "node:assert/strict";
import { encodeHeader, type Frame, FrameReader, MAX_HEADER_BYTES } from "./frames.ts";

/** Gives `bytes` in pieces of the sizes that `sizes` yields. */
function source(bytes: Uint8Array, sizes: () => number) {
  let at = 0;
  return {
    read(into: Uint8Array): Promise<number | null> {
      if (at >= bytes.length) return Promise.resolve(null);
      const count = Math.max(1, Math.min(into.length, sizes(), bytes.length - at));
      into.set(bytes.subarray(at, at + count));
      at += count;
      return Promise.resolve(count);
    },
  };
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

async function all(bytes: Uint8Array, sizes: () => number): Promise<Frame[]> {
  const reader = new FrameReader(source(bytes, sizes));
  const frames: Frame[] = [];
  for (;;) {
    const frame = await reader.next();
    if (frame === undefined) return frames;
    frames.push(frame);
  }
}

/** Small, fast, the same for each seed. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

Deno.test("frames arrive as they were sent, however they are cut", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = random(seed);
    const sent = Array.from({ length: 12 }, (_, i) => {
      const length = [0, 1, 7, 20_000, 65_535, 65_536, 65_537, 300_000][Math.floor(next() * 8)]!;
      const body = new Uint8Array(length).map((_, at) => (at * 31 + i) & 255);
      return { header: { id: i, text: "ä✓".repeat(Math.floor(next() * 40)) }, body };
    });
    const bytes = join(sent.flatMap(({ header, body }) => [encodeHeader(header, body.length), body]));
    const most = [1_000_000, 70_000, 4_096, 100][seed % 4]!;
    const got = await all(bytes, () => Math.ceil(next() * most));
    assert.equal(got.length, sent.length);
    got.forEach((frame, i) => {
      assert.deepEqual(frame.header, sent[i]!.header);
      assert.ok(
        frame.body.length === sent[i]!.body.length &&
          frame.body.every((byte, at) => byte === sent[i]!.body[at]),
      );
    });
  }
});

Deno.test("an end in the middle of a frame is an end", async () => {
  const bytes = join([encodeHeader({ id: 1 }, 3), new Uint8Array([1, 2, 3])]);
  for (let length = 0; length < bytes.length; length++) {
    assert.deepEqual(await all(bytes.subarray(0, length), () => 5), [], `${length} bytes`);
  }
});

Deno.test("what is no frame is refused before it is taken in", async () => {
  const lengths = (header: number, body: number) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setUint32(0, header);
    new DataView(bytes.buffer).setUint32(4, body);
    return bytes;
  };
  const text = (value: string) => join([lengths(value.length, 0), new TextEncoder().encode(value)]);
  await assert.rejects(() => all(lengths(MAX_HEADER_BYTES + 1, 0), () => 8), /none of a sandbox/);
  await assert.rejects(() => all(lengths(0, 0), () => 8), /none of a sandbox/);
  await assert.rejects(() => all(lengths(2, 0xffffffff), () => 8), /none of a sandbox/);
  await assert.rejects(() => all(text("{nojson"), () => 8), SyntaxError);
  await assert.rejects(() => all(text("[1,2]"), () => 8), /no object/);
  await assert.rejects(() => all(text("null"), () => 8), /no object/);
});
