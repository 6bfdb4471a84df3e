/** A file system in memory, as isomorphic-git wants one: a repository lives as long as one fetch. */

interface Stat {
  readonly type: "file" | "dir";
  readonly size: number;
  readonly mode: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly uid: number;
  readonly gid: number;
  readonly dev: number;
  readonly ino: number;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** @param onWrite may refuse what is written, by throwing or rejecting */
export function memoryFs(onWrite: (path: string, content: Uint8Array) => Promise<void> | void = () => {}) {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const folders = new Set<string>(["/"]);

  function stat(path: string): Stat {
    const name = clean(path);
    const content = files.get(name);
    if (content === undefined && !folders.has(name)) throw noEntry(path);
    const isFile = content !== undefined;
    const nothing = { mtimeMs: 0, ctimeMs: 0, uid: 0, gid: 0, dev: 0, ino: 0 };
    return {
      ...nothing,
      type: isFile ? "file" : "dir",
      size: content?.length ?? 0,
      mode: isFile ? 0o100644 : 0o40000,
      isFile: () => isFile,
      isDirectory: () => !isFile,
      isSymbolicLink: () => false,
    };
  }

  const promises = {
    // deno-lint-ignore require-await -- all of them reject, none throws
    async readFile(path: string, options?: string | { encoding?: string }) {
      const content = files.get(clean(path));
      if (content === undefined) throw noEntry(path);
      const encoding = typeof options === "string" ? options : options?.encoding;
      return encoding === "utf8" ? new TextDecoder().decode(content) : content;
    },
    async writeFile(path: string, data: string | Uint8Array<ArrayBuffer>) {
      const content = typeof data === "string" ? new TextEncoder().encode(data) : data;
      await onWrite(path, content);
      files.set(clean(path), content);
    },
    // deno-lint-ignore require-await -- as above
    async unlink(path: string) {
      if (!files.delete(clean(path))) throw noEntry(path);
    },
    // deno-lint-ignore require-await -- as above
    async readdir(path: string) {
      const folder = clean(path);
      if (!folders.has(folder)) throw noEntry(path);
      const begin = folder === "/" ? "/" : `${folder}/`;
      const names = [...files.keys(), ...folders]
        .filter((one) => one.startsWith(begin) && one.length > begin.length)
        .map((one) => one.slice(begin.length).split("/", 1)[0]!);
      return [...new Set(names)].sort();
    },
    // deno-lint-ignore require-await -- as above
    async mkdir(path: string) {
      const folder = clean(path);
      const parent = folder.slice(0, folder.lastIndexOf("/")) || "/";
      if (!folders.has(parent)) throw noEntry(path);
      if (folders.has(folder)) throw failure("EEXIST", path);
      folders.add(folder);
    },
    // deno-lint-ignore require-await -- as above
    async rmdir(path: string) {
      folders.delete(clean(path));
    },
    stat: (path: string) => Promise.try(stat, path),
    lstat: (path: string) => Promise.try(stat, path),
    readlink: (path: string) => Promise.reject(noEntry(path)),
    symlink: (path: string) => Promise.reject(failure("EPERM", path)),
  };
  return { promises };
}

function clean(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return `/${parts.join("/")}`;
}

function noEntry(path: string): Error {
  return failure("ENOENT", path);
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
