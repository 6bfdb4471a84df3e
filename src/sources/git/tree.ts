/** The files of a commit as entries of an archive. */
import git from "isomorphic-git";
import { type ArchiveEntry, cleanPath, newFile } from "../../archive/mod.ts";
import { breaths } from "../breath.ts";
import { SourceError } from "../errors.ts";
import type { SourceLimits } from "../types.ts";

/** Where the library finds a repository. */
export interface Repository {
  readonly fs: Parameters<typeof git.readTree>[0]["fs"];
  readonly gitdir: string;
  readonly cache: object;
}

const POINTER = "version https://git-lfs.github.com/spec/";

/** @param path of the folder; empty: all */
export async function entriesOf(
  repository: Repository,
  commit: string,
  path: string,
  limits: Pick<SourceLimits, "entries" | "totalBytes">,
  signal: AbortSignal,
): Promise<ArchiveEntry[]> {
  const root = await treeAt(repository, commit, path);
  const entries: ArchiveEntry[] = [];
  const breath = breaths();
  let total = 0;

  async function add(oid: string, folder: string): Promise<void> {
    signal.throwIfAborted();
    const { tree } = await git.readTree({ ...repository, oid });
    for (const { mode, path: name, oid: child } of tree) {
      await breath();
      const whole = folder === "" ? name : `${folder}/${name}`;
      if (name === ".git" || cleanPath(whole) !== whole) {
        throw new SourceError(
          "InvalidContent",
          `${JSON.stringify(whole)} cannot be the path of a template's file`,
        );
      }
      if (entries.length >= limits.entries) {
        throw new SourceError("TooLarge", `there are more than ${limits.entries} files, which are the most`);
      }
      if (isSubmodule(mode)) {
        throw new SourceError(
          "InvalidContent",
          `${whole} is a submodule, which is not read: put its files there`,
        );
      }
      if (isTree(mode)) {
        entries.push({ ...newFile(`${whole}/`, "", 0o755), kind: "directory" });
        await add(child, whole);
        continue;
      }
      const { blob } = await git.readBlob({ ...repository, oid: child });
      total += blob.length;
      if (total > limits.totalBytes) {
        throw new SourceError(
          "TooLarge",
          `the files have more than ${limits.totalBytes} bytes, which are the most`,
        );
      }
      entries.push(entryOf(whole, mode, blob));
    }
  }

  await add(root, "");
  if (!entries.some(({ kind }) => kind === "file")) {
    const where = path === "" ? "the repository" : `the folder ${path}`;
    throw new SourceError("InvalidContent", `${where} has no files`);
  }
  return entries;
}

function entryOf(path: string, mode: string, content: Uint8Array): ArchiveEntry {
  if (mode === "120000") {
    return { ...newFile(path, "", 0o777), kind: "symlink", target: new TextDecoder().decode(content) };
  }
  if (content.length < 1_024 && new TextDecoder().decode(content.subarray(0, POINTER.length)) === POINTER) {
    throw new SourceError(
      "InvalidContent",
      `${path} is a pointer of Git LFS, which is not read: keep the file itself in the repository`,
    );
  }
  return newFile(path, content, mode === "100755" ? 0o755 : 0o644);
}

async function treeAt(repository: Repository, commit: string, path: string): Promise<string> {
  let { oid } = await git.readTree({ ...repository, oid: commit });
  for (const name of path.split("/").filter((part) => part !== "")) {
    const { tree } = await git.readTree({ ...repository, oid });
    const found = tree.find((one) => one.path === name);
    if (found === undefined || !isTree(found.mode)) {
      throw new SourceError("NotFound", `spec.source.path: there is no folder ${path} in commit ${commit}`);
    }
    oid = found.oid;
  }
  return oid;
}

function isTree(mode: string): boolean {
  return mode === "040000" || mode === "40000";
}

function isSubmodule(mode: string): boolean {
  return mode === "160000";
}
