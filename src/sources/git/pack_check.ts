/** Looking through a pack before anybody unpacks it: what is small on the wire may be huge in memory. */
import { inflateSync } from "node:zlib";
import { breaths } from "../breath.ts";
import { SourceError } from "../errors.ts";

/** Kinds of objects in a pack. */
const OFS_DELTA = 6;
const REF_DELTA = 7;
const HEADER = 12;
/** At its end: the pack's own hash. */
const TRAILER = 20;

export interface PackLimits {
  /** Of all objects together, unpacked, in bytes. */
  readonly totalBytes: number;
  readonly objects: number;
}

/** Rejects with `TooLarge` where the objects would be larger than that, `InvalidContent` where it is no pack. */
export async function checkPack(pack: Uint8Array, { totalBytes, objects }: PackLimits): Promise<void> {
  const view = new DataView(pack.buffer, pack.byteOffset, pack.byteLength);
  const end = pack.length - TRAILER;
  if (end < HEADER || view.getUint32(0) !== 0x5041434b) throw broken();
  const count = view.getUint32(8);
  if (count > objects) {
    throw new SourceError("TooLarge", `the commit has ${count} objects, of which ${objects} are the most`);
  }
  let offset = HEADER;
  let total = 0;
  const add = (size: number) => {
    total += size;
    if (total > totalBytes) {
      throw new SourceError("TooLarge", `the commit has more than ${totalBytes} bytes, which are the most`);
    }
  };
  const breath = breaths();
  for (let index = 0; index < count; index++) {
    await breath();
    const head = numberAt(pack, offset, 4);
    const kind = (pack[offset]! >> 4) & 7;
    offset = head.next;
    add(head.value);
    if (kind === OFS_DELTA) {
      while ((byteAt(pack, offset++) & 0x80) !== 0);
    } else if (kind === REF_DELTA) offset += 20;
    if (offset >= end) throw broken();
    const { content, used } = inflated(pack.subarray(offset, end), head.value);
    offset += used;
    if (kind !== OFS_DELTA && kind !== REF_DELTA) continue;
    // A delta begins with two sizes: of what it is made from, and of what it makes.
    const base = numberAt(content, 0, 7);
    add(numberAt(content, base.next, 7).value);
  }
}

/** @param bits of the first byte that belong to the number */
function numberAt(bytes: Uint8Array, offset: number, bits: number): { value: number; next: number } {
  let byte = byteAt(bytes, offset++);
  let value = byte & ((1 << bits) - 1);
  for (let factor = 2 ** bits; (byte & 0x80) !== 0; factor *= 128) {
    byte = byteAt(bytes, offset++);
    value += (byte & 0x7f) * factor;
    if (!Number.isSafeInteger(value)) throw broken();
  }
  return { value, next: offset };
}

function byteAt(bytes: Uint8Array, offset: number): number {
  const byte = bytes[offset];
  if (byte === undefined) throw broken();
  return byte;
}

function inflated(bytes: Uint8Array, size: number): { content: Uint8Array; used: number } {
  try {
    // Node's types leave out what `info` gives.
    const { buffer, engine } = inflateSync(bytes, {
      maxOutputLength: Math.max(size, 1),
      info: true,
    }) as unknown as {
      buffer: Uint8Array;
      engine: { bytesWritten: number };
    };
    if (buffer.length !== size) throw broken();
    return { content: buffer, used: engine.bytesWritten };
  } catch {
    throw broken();
  }
}

function broken(): SourceError {
  return new SourceError("InvalidContent", "the server sends a pack that cannot be read");
}
