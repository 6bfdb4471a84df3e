/** What a support bundle is made of. */
import type { DiagnosisWorld } from "../diagnosis/mod.ts";

/** What can be asked, with the rights of whoever makes the bundle, and what is taken out of every word of it. */
export interface BundleWorld extends DiagnosisWorld {
  /** GET of a path of the API server, such as `/version`. Rejects as `RestClient.bytes`. */
  raw(path: string, options: { readonly maxBytes: number; readonly signal: AbortSignal }): Promise<string>;
  /** Which build makes it. */
  readonly build: Readonly<Record<string, string>>;
  readonly redaction: { text(text: string): string; value<T>(value: T): T };
}

export interface BundleOptions {
  /** Ends it; rejects with its reason. */
  readonly signal: AbortSignal;
  /** Absent: all. */
  readonly namespace?: string | undefined;
  /** Where the operator runs. @default {"coder-system"} */
  readonly operatorNamespace?: string | undefined;
  /** How far back logs and events go, in milliseconds. @default {86_400_000} */
  readonly sinceMs?: number | undefined;
  /** All files together, before they are compressed, in bytes. @default {50_000_000} */
  readonly maxBytes?: number | undefined;
  /** What has not been read by then is named, in milliseconds. @default {120_000} */
  readonly deadlineMs?: number | undefined;
  /** Workspaces `namespace/name` to be diagnosed, besides those that are in trouble. */
  readonly workspaces?: readonly { readonly namespace: string; readonly name: string }[] | undefined;
  /** Hears what is being read. Must not throw. */
  readonly progress?: ((what: string) => void) | undefined;
}

/** How soon a file is left out where all together are too large: the last first. */
export type Importance = 1 | 2 | 3 | 4;

/** One file, without secrets. */
export interface BundleFile {
  /** In the archive, with `/`. */
  readonly path: string;
  /** What it is, in a few words. */
  readonly about: string;
  readonly importance: Importance;
  readonly text: string;
}

/** Something that is not there, and why. */
export interface Gap {
  readonly what: string;
  readonly why: string;
}

/** All of it, ready to be written. */
export interface Bundle {
  /** The index first. */
  readonly files: readonly BundleFile[];
  readonly gaps: readonly Gap[];
}
