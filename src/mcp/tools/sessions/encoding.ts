/** Bytes as clients can take them: text where they are text, base64 otherwise, and never a guess that loses something. */
import { Buffer } from "node:buffer";
import { ToolError } from "../../errors.ts";

export const ENCODINGS = ["utf-8", "base64"] as const;
export type Encoding = (typeof ENCODINGS)[number];

export interface Encoded {
  readonly content: string;
  readonly encoding: Encoding;
  /** Bytes that `content` is of: fewer than were given where a character is cut at the end. */
  readonly length: number;
}

/**
 * @param asked absent: text where the bytes are UTF-8 without NUL
 * @param eof false: what is cut at the end may be the first part of a character
 * @throws {ToolError} where text is asked for, and it is none
 */
export function encode(bytes: Uint8Array, asked: Encoding | undefined, eof: boolean): Encoded {
  if (asked !== "base64") {
    const whole = eof ? bytes.length : bytes.length - cutTail(bytes);
    // A character that is longer than what was asked for.
    if (whole > 0 || bytes.length === 0) {
      const text = textOf(whole === bytes.length ? bytes : bytes.subarray(0, whole));
      if (text !== undefined && (asked === "utf-8" || !text.includes("\0"))) {
        return { content: text, encoding: "utf-8", length: whole };
      }
    }
    if (asked === "utf-8") {
      throw new ToolError("invalid", "it is not UTF-8 text there: ask with encoding base64");
    }
  }
  return { content: base64Of(bytes), encoding: "base64", length: bytes.length };
}

/** @throws {ToolError} where base64 is none */
export function decode(contents: string, encoding: Encoding): Uint8Array {
  if (encoding === "utf-8") {
    if (!contents.isWellFormed()) {
      throw new ToolError("invalid", "contents: half of a character is missing (a lone surrogate)");
    }
    return new TextEncoder().encode(contents);
  }
  const bytes = bytesOf(contents);
  // Buffer leaves out what it does not know.
  if (bytes === undefined) throw new ToolError("invalid", "contents: it is not base64");
  return bytes;
}

/** Standard base64 with padding. */
export function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function bytesOf(contents: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(contents);
  } catch {
    return undefined;
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Bytes at the end that begin a character and do not end it. */
function cutTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}
