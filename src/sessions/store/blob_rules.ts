/** What holds for blobs wherever they are kept. */
import { SessionError } from "../types.ts";
import type { BlobInfo } from "./types.ts";

export interface BlobLimits {
  /** Bytes of one. */
  readonly maxBytes: number;
  /** Bytes of all that one owner has together, so that there is room for others. */
  readonly maxOwnerBytes: number;
  /** Bytes of all of them together. */
  readonly maxTotalBytes: number;
}

/** What one owner may have of all, where nothing else is said. */
const OWNER_SHARE = 1 / 4;

/** @param given `maxBytes` is 2 GiB, and `maxOwnerBytes` a quarter of all, where they are not given */
export function blobLimits(given: Pick<BlobLimits, "maxTotalBytes"> & Partial<BlobLimits>): BlobLimits {
  const maxOwnerBytes = Math.floor(given.maxTotalBytes * OWNER_SHARE);
  return { maxBytes: 2 * 2 ** 30, maxOwnerBytes, ...given };
}

export const STANDARD_BLOB_LIMITS: BlobLimits = blobLimits({ maxTotalBytes: 20 * 2 ** 30 });

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

/** Bytes that are taken. */
export interface TakenRoom {
  /** Of the one that is written. */
  readonly size: number;
  /** Of its owner, what is written included. */
  readonly owner: number;
  readonly total: number;
}

/** Whether there is room for `bytes` more. @throws {SessionError} `limit` */
export function assertRoom(
  { maxBytes, maxOwnerBytes, maxTotalBytes }: BlobLimits,
  { size, owner, total }: TakenRoom,
  bytes: number,
): void {
  const refused = (why: string, or = "") =>
    new SessionError(
      "limit",
      `there is no room for more than ${size} bytes of it: ${why}: remove large files from the session${or}`,
    );
  const own = `one may have ${maxBytes} bytes, one owner's together ${maxOwnerBytes}`;
  if (size + bytes > Math.min(maxBytes, maxOwnerBytes)) throw refused(own);
  if (owner + bytes > maxOwnerBytes) {
    throw refused(own, ", or try again when an older one of yours is over");
  }
  if (total + bytes > maxTotalBytes) {
    throw refused(`all together may have ${maxTotalBytes} bytes`, ", or try again when older ones are over");
  }
}

/** What is taken of a store, by owner: what is being written counts like what is kept. */
export class BlobRoom {
  readonly #owners = new Map<string, number>();
  #total = 0;

  constructor(private readonly limits: BlobLimits) {}

  /**
   * Lets one that has `size` grow by `bytes`.
   * @throws {SessionError} `limit`; nothing is taken then
   */
  take(owner: string, size: number, bytes: number): void {
    const has = this.#owners.get(owner) ?? 0;
    assertRoom(this.limits, { size, owner: has, total: this.#total }, bytes);
    this.#owners.set(owner, has + bytes);
    this.#total += bytes;
  }

  give(owner: string, bytes: number): void {
    const has = this.#owners.get(owner) ?? 0;
    // What a recount has not seen is not there to be given.
    const given = Math.min(has, bytes);
    if (has === given) this.#owners.delete(owner);
    else this.#owners.set(owner, has - given);
    this.#total -= given;
  }

  /** What each owner has was looked at anew. */
  recount(owners: ReadonlyMap<string, number>): void {
    this.#owners.clear();
    this.#total = 0;
    for (const [owner, bytes] of owners) {
      this.#owners.set(owner, bytes);
      this.#total += bytes;
    }
  }
}

export function newestFirst(a: BlobInfo, b: BlobInfo): number {
  return b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1);
}
