/** The files that name the version, and the check over them. */
import { filesBelow, read } from "./files.ts";
import { denoProblems, mayNameVersion, versionProblems } from "./version_places.ts";

/** Of this repository, relative to its root. */
export async function versionFiles(): Promise<string[]> {
  const files = await filesBelow("", [""]);
  return files.filter(mayNameVersion);
}

/** The version of deno.json. */
export function ownVersion(): string {
  return (JSON.parse(read("deno.json")) as { version: string }).version;
}

/** Problems in words, for `deno task check`. */
export async function versionsDiffer(): Promise<string[]> {
  const version = ownVersion();
  const files = [...await versionFiles(), ".ci/run"];
  return files.flatMap((path) => {
    const text = read(path);
    return [...versionProblems(path, text, version), ...denoProblems(path, text, Deno.version.deno)];
  });
}
