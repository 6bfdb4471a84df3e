/** The files of an artifact: its layers, one over the other. */
import { type ArchiveEntry, ArchiveError, cleanPath, readArchive } from "../../archive/mod.ts";
import { SourceError } from "../errors.ts";
import type { SourceLimits } from "../types.ts";
import type { Layer } from "./manifest.ts";

/** Marks of layers: of a file that is away, and of a folder of which nothing from below is left. */
const AWAY = ".wh.";
const OPAQUE = ".wh..wh..opq";

/** The archive in a layer. */
export async function unpacked(
  { mediaType, digest }: Layer,
  bytes: Uint8Array<ArrayBuffer>,
  most: number,
): Promise<Uint8Array> {
  const type = mediaType.split(";", 1)[0]!.trim();
  if (/[.+/]zip$/.test(type) || /[./]tar$/.test(type)) return bytes;
  if (!/tar[.+]gzip$|[./]tgz$|[.+/]tar\.gz$/.test(type)) {
    throw new SourceError(
      "InvalidContent",
      `the layer ${digest.slice(0, 19)} is ${type}: it must be a tar, a tar with gzip, or a zip archive`,
    );
  }
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let total = 0;
  try {
    for await (const part of new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))) {
      total += part.length;
      if (total > most) {
        throw new SourceError(
          "TooLarge",
          `the artifact unpacks to more than ${most} bytes, which are the most`,
        );
      }
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof SourceError) throw error;
    throw new SourceError("InvalidContent", `the layer ${digest.slice(0, 19)} is no gzip`);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Puts the entries of an archive over those from below. */
export async function addLayer(
  below: Map<string, ArchiveEntry>,
  archive: Uint8Array,
  limits: Pick<SourceLimits, "entries" | "totalBytes">,
): Promise<void> {
  let entries: ArchiveEntry[];
  try {
    entries = await readArchive(archive, limits);
  } catch (error) {
    if (error instanceof ArchiveError) throw new SourceError("InvalidContent", error.message);
    throw error;
  }
  const added = new Map<string, ArchiveEntry>();
  for (const entry of entries) {
    if (entry.kind === "directory" && /^(\.?\/)*\.?$/.test(entry.path)) continue;
    const path = cleanPath(entry.path);
    if (path === undefined) {
      throw new SourceError(
        "InvalidContent",
        `${JSON.stringify(entry.path)} cannot be the path of a template's file`,
      );
    }
    const slash = path.lastIndexOf("/") + 1;
    const name = path.slice(slash);
    if (name === OPAQUE) without(below, path.slice(0, slash), false);
    else if (name.startsWith(AWAY)) without(below, path.slice(0, slash) + name.slice(AWAY.length), true);
    else {added.set(path, {
        ...whole(entry, added, below),
        path: entry.kind === "directory" ? `${path}/` : path,
      });}
  }
  for (const [path, entry] of added) {
    below.delete(path);
    below.set(path, entry);
  }
  if (below.size > limits.entries) {
    throw new SourceError("TooLarge", `there are more than ${limits.entries} files, which are the most`);
  }
}

/** A second name of a file: names may be left behind when a folder is taken out, so it becomes a file of its own. */
function whole(entry: ArchiveEntry, ...where: ReadonlyMap<string, ArchiveEntry>[]): ArchiveEntry {
  if (entry.kind !== "hardlink") return entry;
  const target = cleanPath(entry.target ?? "") ?? "";
  const file = where.map((one) => one.get(target)).find((one) => one?.kind === "file");
  if (file === undefined) throw new SourceError("InvalidContent", `${entry.path} is a link to nothing`);
  return file;
}

function without(entries: Map<string, ArchiveEntry>, path: string, itself: boolean): void {
  const folder = itself ? `${path}/` : path;
  for (const one of [...entries.keys()]) {
    if (one.startsWith(folder) || (itself && one === path)) entries.delete(one);
  }
}

/** Those of one folder, by their paths in it. */
export function inFolder(entries: ReadonlyMap<string, ArchiveEntry>, folder: string): ArchiveEntry[] {
  const begin = folder === "" ? "" : `${folder}/`;
  const found: ArchiveEntry[] = [];
  for (const [path, entry] of entries) {
    if (!path.startsWith(begin) || entry.kind === "other") continue;
    found.push({ ...entry, path: entry.path.slice(begin.length) });
  }
  if (found.some(({ kind }) => kind === "file")) return found;
  throw folder === "" ? new SourceError("InvalidContent", "the artifact has no files") : new SourceError(
    "NotFound",
    `spec.source.path: there is no folder ${folder} with files in the artifact`,
  );
}
