import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { SourceError } from "../errors.ts";
import { checkPack } from "./pack_check.ts";

const LIMITS = { totalBytes: 10_000, objects: 10 };

/** Type and size as packs have them. */
function header(kind: number, size: number): number[] {
  const bytes = [(kind << 4) | (size & 15)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1]! |= 0x80;
    bytes.push(rest & 0x7f);
  }
  return bytes;
}

interface Packed {
  readonly kind: number;
  readonly content: Uint8Array;
  /** @default what it is */
  readonly size?: number;
  readonly between?: number[];
}

function packOf(objects: readonly Packed[], count = objects.length): Uint8Array {
  const bytes = [0x50, 0x41, 0x43, 0x4b, 0, 0, 0, 2, 0, 0, 0, count];
  for (const { kind, content, size = content.length, between = [] } of objects) {
    bytes.push(...header(kind, size), ...between, ...deflateSync(content));
  }
  return new Uint8Array([...bytes, ...new Array(20).fill(0)]);
}

const blob = (size: number): Packed => ({ kind: 3, content: new Uint8Array(size) });
const is = (reason: string) => (error: unknown) => error instanceof SourceError && error.reason === reason;

Deno.test("packs within their limits pass, with deltas of both kinds", async () => {
  const delta = new Uint8Array([0x64, 0x80, 0x01, 1]);
  await checkPack(
    packOf([
      blob(0),
      blob(5_000),
      { kind: 6, content: delta, between: [0x81, 0x05] },
      { kind: 7, content: delta, between: new Array(20).fill(7) },
    ]),
    LIMITS,
  );
  await checkPack(packOf([]), LIMITS);
});

Deno.test("what would be large in memory is refused before it is unpacked", async () => {
  await assert.rejects(() => checkPack(packOf([blob(6_000), blob(6_000)]), LIMITS), is("TooLarge"));
  // A few bytes on the wire that say of themselves that they are larger than anything.
  await assert.rejects(() => checkPack(packOf([{ ...blob(1), size: 2 ** 40 }]), LIMITS), is("TooLarge"));
  // Deltas whose own size is small, and whose result is not.
  const delta = new Uint8Array([0x64, 0xff, 0xff, 0x7f, 1]);
  await assert.rejects(
    () => checkPack(packOf([{ kind: 7, content: delta, between: new Array(20).fill(7) }]), LIMITS),
    is("TooLarge"),
  );
  await assert.rejects(() => checkPack(packOf(new Array(11).fill(blob(1))), LIMITS), is("TooLarge"));
});

Deno.test("what is broken is refused", async () => {
  const good = packOf([blob(100)]);
  const broken = [
    new Uint8Array(),
    new Uint8Array(40),
    good.subarray(0, 34),
    packOf([blob(100)], 2),
    packOf([{ ...blob(100), size: 99 }]),
    packOf([{ ...blob(100), size: 101 }]),
    packOf([{ kind: 7, content: new Uint8Array([0xff]), between: new Array(20).fill(7) }]),
    packOf([{ kind: 7, content: new Uint8Array(new Array(12).fill(0xff)), between: new Array(20).fill(7) }]),
    packOf([{ kind: 6, content: new Uint8Array(), between: new Array(60).fill(0xff) }]),
  ];
  for (const [index, pack] of broken.entries()) {
    await assert.rejects(() => checkPack(pack, LIMITS), is("InvalidContent"), `pack ${index}`);
  }
});
