/** What holds for blobs wherever they are kept. */
import { SessionError } from "../types.ts";
import type { BlobInfo } from "./types.ts";

export interface BlobLimits {
  /** Bytes of one. */
  readonly maxBytes: number;
  /** Bytes of all of them together. */
  readonly maxTotalBytes: number;
}

export const STANDARD_BLOB_LIMITS: BlobLimits = { maxBytes: 2 * 2 ** 30, maxTotalBytes: 20 * 2 ** 30 };

const ID = /^[a-z0-9][a-z0-9-]{0,127}$/;

/** Ids become names of files. @throws {SessionError} `invalid` */
export function assertBlobId(id: string): void {
  if (!isBlobId(id)) {
    throw new SessionError("invalid", `a blob cannot have the id ${JSON.stringify(id.slice(0, 64))}`);
  }
}

export function isBlobId(id: string): boolean {
  return ID.test(id);
}

/** Bytes that one of `size` may grow by, where all together have `total`. */
export function room({ maxBytes, maxTotalBytes }: BlobLimits, size: number, total: number): number {
  return Math.min(maxBytes - size, maxTotalBytes - total);
}

export function tooLarge({ maxBytes, maxTotalBytes }: BlobLimits, size: number): SessionError {
  return new SessionError(
    "limit",
    `there is no room for more than ${size} bytes of it: one may have ${maxBytes} bytes, all together ${maxTotalBytes}. ` +
      "Remove large files from the session, or try again when older ones are over",
  );
}

export function newestFirst(a: BlobInfo, b: BlobInfo): number {
  return b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1);
}
