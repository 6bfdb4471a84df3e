/** The files of a template's version, as they are compared and shown. */
import { createHash } from "node:crypto";
import { type ArchiveEntry, ArchiveError, cleanPath, readArchive, sourceFilesOf } from "../../archive/mod.ts";
import type { TemplateVersion } from "../../coder/mod.ts";
import type { FileSet } from "../answers/file_diff.ts";
import { ToolError } from "../errors.ts";
import type { Answering } from "./coder_asking.ts";

/** Coder gives each file 12 times a minute, and a diff of many pages asks more often. */
const MOST_KEPT = 8;
/** Larger ones are not kept, in bytes of their archives. */
const MOST_BYTES = 4 << 20;

/** Sets of files by caller, Coder and file: files never change, but not everybody may read them. */
export class FileMemory {
  readonly #kept = new Map<string, FileSet>();

  /** @param about whose, and which */
  async get(
    about: readonly string[],
    make: () => Promise<{ set: FileSet; bytes: number }>,
  ): Promise<FileSet> {
    const key = JSON.stringify(about);
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const { set, bytes } = await make();
    if (bytes <= MOST_BYTES) this.#kept.set(key, set);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST_KEPT) break;
      this.#kept.delete(oldest);
    }
    return set;
  }
}

const memory = new FileMemory();

/** Of one version. @param caller id of who asks @throws {ToolError} where they cannot be read */
export async function filesOf(
  { client, ref, signal }: Pick<Answering, "client" | "ref" | "signal">,
  { name, job: { file_id: file } }: TemplateVersion,
  caller: string,
): Promise<FileSet> {
  return await memory.get([caller, ref.id, file], async () => {
    const bytes = await client.templates.file(file, { signal });
    try {
      return { set: fileSetOf(await readArchive(bytes)), bytes: bytes.length };
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
      throw new ToolError("invalid", `the files of version ${name} cannot be read: ${error.message}`, {
        cause: error,
      });
    }
  });
}

/** Text files as they are, others by marks of their content. */
export function fileSetOf(entries: readonly ArchiveEntry[]): FileSet {
  const { files, omitted } = sourceFilesOf(entries);
  const left = new Set(omitted);
  const opaque: Record<string, string> = {};
  for (const { path, kind, content } of entries) {
    const clean = cleanPath(path);
    if (kind === "file" && clean !== undefined && left.has(clean)) opaque[clean] = sha256(content);
  }
  return { files, opaque };
}

function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
