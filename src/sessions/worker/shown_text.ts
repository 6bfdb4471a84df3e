/** Bytes as text, honestly: no character is cut in two, and what is no UTF-8 is counted. */
import type { OutputBuffer } from "./output_buffer.ts";

/** Bytes of a stream that one answer shows, at most. */
export const MOST_SHOWN = 512 * 1024;

export interface ShownText {
  readonly text: string;
  /** Number of the byte after what is shown. */
  readonly next: number;
  /** Bytes from where it was asked for that are kept no more. */
  readonly lost: number;
  /** Bytes that are no UTF-8, and are shown as U+FFFD. */
  readonly invalid: number;
  /** There is more that is kept. */
  readonly more: boolean;
}

/**
 * What a stream has from byte `from` on. Where more may come (`isOpen`), a character whose bytes are not all there waits
 * for the next time.
 */
export function shownText(
  buffer: OutputBuffer,
  from: number,
  isOpen: boolean,
  most: number = MOST_SHOWN,
): ShownText {
  const asked = Math.min(from, buffer.end);
  let start = Math.max(asked, buffer.start);
  let bytes = buffer.read(start, most);
  if (start > asked) {
    // The beginning of this character is gone with what was before.
    const rest = continuationBytes(bytes);
    start += rest;
    bytes = bytes.subarray(rest);
  }
  const hasMore = start + bytes.length < buffer.end;
  if (isOpen || hasMore) bytes = bytes.subarray(0, bytes.length - unfinished(bytes));
  const next = start + bytes.length;
  const { text, invalid } = decodeUtf8(bytes);
  return { text, next, lost: start - asked, invalid, more: hasMore };
}

/** Text of UTF-8; what is none becomes U+FFFD, and `invalid` says how many bytes that were. */
export function decodeUtf8(bytes: Uint8Array): { readonly text: string; readonly invalid: number } {
  try {
    return { text: strict.decode(bytes), invalid: 0 };
  } catch {
    const text = lenient.decode(bytes);
    return { text, invalid: bytes.length - validBytes(bytes, text) };
  }
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** All bytes of `text` that came out of `bytes`: those of U+FFFD count where they were written so. */
function validBytes(bytes: Uint8Array, text: string): number {
  const shown = encoder.encode(text).length - 3 * count(text, "\uFFFD");
  let written = 0;
  for (let at = bytes.indexOf(0xEF); at !== -1; at = bytes.indexOf(0xEF, at + 1)) {
    if (bytes[at + 1] === 0xBF && bytes[at + 2] === 0xBD) written += 3;
  }
  return shown + written;
}

function count(text: string, character: string): number {
  let found = 0;
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) found++;
  return found;
}

function continuationBytes(bytes: Uint8Array): number {
  let length = 0;
  while (length < 3 && length < bytes.length && (bytes[length]! & 0xC0) === 0x80) length++;
  return length;
}

/** How many bytes at the end are the beginning of a character that may be going on. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xC0) === 0x80) continue;
    const wanted = byte >= 0xF0 && byte <= 0xF4 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC2 ? 2 : 1;
    return byte <= 0xF4 && wanted > back ? back : 0;
  }
  return 0;
}
