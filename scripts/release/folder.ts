/** The directory that a release is made in. */
import { join } from "node:path";

/** Each release has it. */
const SUMS = "SHA256SUMS";

/** Makes it, or empties the one of an earlier release. Rejects where other files are in it: they would be gone. */
export async function emptied(directory: string): Promise<void> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(directory)) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  // A run that broke off has no sums yet, and nothing but files of a release.
  const isRelease = names.includes(SUMS) ||
    names.every((name) => /^(?:coder-k8s|kubectl-coder)_.*\.tar\.gz$/.test(name));
  if (!isRelease) {
    throw new Error(
      `${directory} has files that are of no release (${
        names.slice(0, 3).join(", ")
      }), and would be emptied: ` +
        "name another directory with --out, or empty that one yourself",
    );
  }
  for (const name of names) await Deno.remove(join(directory, name), { recursive: true });
  await Deno.mkdir(directory, { recursive: true });
}
