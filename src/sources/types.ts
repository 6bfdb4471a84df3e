/** What reading a source needs, and gives. */
import type { ArchiveEntry } from "../archive/mod.ts";
import type { TemplateSource } from "../api/template.ts";

export type { TemplateSource };

/** How much a source may be. */
export interface SourceLimits {
  /** What is transferred, in bytes. @default {104_857_600} */
  readonly transferBytes: number;
  /** Contents together, unpacked, in bytes: as Coder takes. @default {104_857_600} */
  readonly totalBytes: number;
  /** Files, folders and links of the template. @default {20_000} */
  readonly entries: number;
  /** Of one look or one fetch, in milliseconds. @default {120_000} */
  readonly timeoutMs: number;
}

export const SOURCE_READ_LIMITS: SourceLimits = {
  transferBytes: 100 << 20,
  totalBytes: 100 << 20,
  entries: 20_000,
  timeoutMs: 120_000,
};

/** Data of a Secret, decoded. */
export type SecretData = ReadonlyMap<string, Uint8Array>;

/** One question. */
export interface SourceRequest {
  readonly source: TemplateSource;
  /** Of the Secret that the source names; absent where it names none. */
  readonly secret?: SecretData | undefined;
  readonly signal: AbortSignal;
}

/** Files of a template at a revision. */
export interface SourceContent {
  /** Commit, or digest. */
  readonly revision: string;
  readonly entries: readonly ArchiveEntry[];
  /** First line of the commit's message; empty where there is none. */
  readonly subject: string;
}

/** All reject with {@linkcode SourceError}, or with the reason of the signal. */
export interface SourceReader {
  /** The revision as it is now. Nothing is fetched. */
  look(request: SourceRequest): Promise<string>;
  /** The files. Their revision may be newer than the one that was seen a moment ago. */
  fetch(request: SourceRequest): Promise<SourceContent>;
}
