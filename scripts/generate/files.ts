/** Generated files: comparing them with what is on disk, and writing them. */

/** One file that a generator produces. */
export interface GeneratedFile {
  /** From the repository's root. */
  readonly path: string;
  readonly content: string;
}

/** The paths whose content on disk is not what the generator makes. */
export async function differing(root: string, files: readonly GeneratedFile[]): Promise<string[]> {
  const stale: string[] = [];
  for (const { path, content } of files) {
    const current = await Deno.readTextFile(`${root}/${path}`).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    });
    if (current !== content) stale.push(path);
  }
  return stale.sort();
}

/** Writes the files, making their folders. */
export async function write(root: string, files: readonly GeneratedFile[]): Promise<void> {
  for (const { path, content } of files) {
    const target = `${root}/${path}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(target, content);
  }
}
