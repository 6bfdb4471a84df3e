/** What archives of templates hold, whatever their format. */

/** One entry of an archive. */
export interface ArchiveEntry {
  /** As the archive has it: not checked, directories with or without a slash at their end. */
  readonly path: string;
  /** `other`: a device, a socket; archives are read with them and written without. */
  readonly kind: "file" | "directory" | "symlink" | "hardlink" | "other";
  /** Permission bits, such as `0o755`; 0 where the archive says nothing. */
  readonly mode: number;
  /** When it was changed, in seconds since 1970. */
  readonly mtime: number;
  /** Of a file; empty for all others. May be a view of the archive. */
  readonly content: Uint8Array;
  /** What a link names. */
  readonly target?: string;
}

/** An archive cannot be read, or content cannot be written as one. The message names the entry. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
}

/** How much an archive may hold when it is unpacked. */
export interface ArchiveLimits {
  /** @default {20_000} */
  readonly entries?: number;
  /** All contents together, in bytes: Coder stores no more. @default {104_857_600} */
  readonly totalBytes?: number;
}

export const DEFAULT_LIMITS: Required<ArchiveLimits> = { entries: 20_000, totalBytes: 100 << 20 };

/** What a new file has for a date: 1980-01-01, the first that zip knows. In seconds since 1970. */
export const FIRST_DAY = 315_532_800;

/** 2107 is where zip's dates end, and where zero dates of other writers lead. */
const LAST_DAY = Date.UTC(2100, 0, 1) / 1_000;

/** A date that every format can carry, in place of one that is none. */
export function saneTime(mtime: number): number {
  return mtime >= FIRST_DAY && mtime < LAST_DAY ? Math.floor(mtime) : FIRST_DAY;
}

/** Permission bits as they are written: 0755 for what may be executed and for directories, 0644 for all else. */
export function saneMode({ kind, mode }: Pick<ArchiveEntry, "kind" | "mode">): number {
  return kind === "directory" || (mode & 0o111) !== 0 ? 0o755 : 0o644;
}

/** A new text or binary file. */
export function newFile(path: string, content: string | Uint8Array, mode = 0o644): ArchiveEntry {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return { path, kind: "file", mode, mtime: FIRST_DAY, content: bytes };
}
