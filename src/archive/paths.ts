/** Which paths files of a template may have. */
import { ArchiveError } from "./entry.ts";

/** `./a//b/../c` → `a/c`. Undefined for what is absolute, leaves the archive, or cannot be a path. */
export function cleanPath(path: string): string | undefined {
  if (path.includes("\\") || path.startsWith("/") || path.includes("\0")) return undefined;
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.length === 0 || parts.includes("__proto__") ? undefined : parts.join("/");
}

/** One mistake in the files that somebody wants. */
export interface FileProblem {
  /** The key as it was given; empty where it is about all of them. */
  readonly path: string;
  readonly problem: string;
}

/** Files that cannot be a template's: every mistake at once. */
export class FilesError extends ArchiveError {
  constructor(readonly problems: readonly FileProblem[]) {
    const shown = problems.slice(0, 5).map(({ path, problem }) =>
      path === "" ? problem : `${JSON.stringify(path.slice(0, 200))} ${problem}`
    );
    const more = problems.length > shown.length ? `; and ${problems.length - shown.length} more` : "";
    super(`these cannot be the files of a template: ${shown.join("; ")}${more}`);
  }
}

/** Every directory above a path, the nearest first: `a/b/c` → `a/b`, `a`. */
export function* parents(path: string): Generator<string> {
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    yield path.slice(0, end);
  }
}
