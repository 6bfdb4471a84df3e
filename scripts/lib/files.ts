/** The project's own files, as the checks read them. */
import { root } from "./run.ts";

const skipped = new Set([".git", "dist", "coverage", "node_modules"]);

/** Paths relative to the root, sorted, of files below `folder` whose name ends in one of `endings`. */
export async function filesBelow(folder: string, endings: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  const walk = async (path: string) => {
    for await (const entry of Deno.readDir(`${root}/${path}`)) {
      const below = path === "" ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory && !skipped.has(entry.name)) await walk(below);
      if (entry.isFile && endings.some((ending) => entry.name.endsWith(ending))) found.push(below);
    }
  };
  await walk(folder);
  return found.sort();
}

/** The text of a file of the project. */
export function read(path: string): string {
  return Deno.readTextFileSync(`${root}/${path}`);
}
