/** Whether the files that somebody wants can be a template's. */
import { cleanPath, type FileProblem, FilesError, parents } from "./paths.ts";
import { SOURCE_LIMITS, type SourceLimits } from "./source_files.ts";

/**
 * Files by clean path, sorted. Throws {@linkcode FilesError} with everything that is wrong: paths that cannot be, that mean
 * the same, or that are a file and a directory at once; text that is no Unicode; more or larger ones than are shown again.
 */
export function checkedFiles(
  files: Readonly<Record<string, string>>,
  limits: SourceLimits = {},
): Map<string, string> {
  const { files: most, fileBytes, totalBytes } = { ...SOURCE_LIMITS, ...limits };
  const problems: FileProblem[] = [];
  const clean = new Map<string, { readonly given: string; readonly text: string }>();
  let total = 0;
  for (const [given, text] of Object.entries(files)) {
    const path = cleanPath(given);
    const same = path === undefined ? undefined : clean.get(path);
    const size = byteLength(text);
    total += size;
    const problem = path === undefined
      ? pathProblem(given)
      : same !== undefined
      ? `is the same path as ${JSON.stringify(same.given)}`
      : !given.isWellFormed() || !text.isWellFormed()
      ? "is no valid Unicode"
      : size > fileBytes
      ? `has ${size} bytes, of which ${fileBytes} are the most`
      : undefined;
    if (problem !== undefined) problems.push({ path: given, problem });
    if (path !== undefined && same === undefined) clean.set(path, { given, text });
  }
  for (const [path, { given }] of clean) {
    for (const parent of parents(path)) {
      if (clean.has(parent)) problems.push({ path: given, problem: `lies in ${parent}, which is a file` });
    }
  }
  if (clean.size > most) {
    problems.push({ path: "", problem: `there are ${clean.size} files, ${most} are the most` });
  }
  if (total > totalBytes) {
    problems.push({
      path: "",
      problem: `they have ${total} bytes together, of which ${totalBytes} are the most`,
    });
  }
  if (problems.length > 0) throw new FilesError(problems);
  return new Map(
    [...clean].sort(([a], [b]) => a < b ? -1 : 1).map(([path, { text }]) => [path, text]),
  );
}

function pathProblem(path: string): string {
  if (path === "") return "is an empty path";
  if (path.includes("\\")) return "has a backslash; parts of paths are parted by slashes";
  if (path.startsWith("/")) return "is an absolute path; paths begin in the template's own directory";
  if (path.includes("\0")) return "has a null character";
  if (path.includes("__proto__")) return "cannot be a path";
  return "does not lie in the template's directory";
}

const encoder = new TextEncoder();
/** Bytes of UTF-8, without making them for short and plain texts. */
function byteLength(text: string): number {
  return encoder.encode(text).length;
}
