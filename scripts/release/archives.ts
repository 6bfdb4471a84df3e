/** Archives of a release: equal contents make equal bytes. */
import { gzipSync } from "node:zlib";
import type { ArchiveEntry } from "../../src/archive/entry.ts";
import { bytesOf, writeTar } from "../../src/archive/tar_write.ts";

/** One file of an archive. */
export interface ArchiveFile {
  readonly path: string;
  readonly content: Uint8Array;
  /** @default {false} */
  readonly executable?: boolean;
}

/** A `.tar.gz`, files by name, all of one time, of nobody in particular. */
export function tarGz(files: readonly ArchiveFile[], time: Date): Uint8Array<ArrayBuffer> {
  const entries = files.toSorted((a, b) => a.path < b.path ? -1 : 1).map((file): ArchiveEntry => ({
    path: file.path,
    kind: "file",
    mode: file.executable === true ? 0o755 : 0o644,
    mtime: time.getTime() / 1_000,
    content: file.content,
  }));
  // zlib writes neither time nor name into its header.
  return new Uint8Array(gzipSync(bytesOf(writeTar(entries)), { level: 6 }));
}

/** A file of this machine. */
export async function fileOf(path: string, from: string, executable = false): Promise<ArchiveFile> {
  return { path, content: await Deno.readFile(from), executable };
}
