/** The compiled product that goes into the images' root file systems. */
import { join } from "node:path";
import { buildBinary } from "../../scripts/lib/build.ts";
import { root } from "../../scripts/lib/run.ts";
import { buildStamp } from "../../scripts/lib/stamp.ts";
import { isFresh, variants } from "../cli/program.ts";
import { withFileLock } from "../cluster/paths.ts";

/** `CODER_K8S_BINARY`, or what was compiled since the last change, or one that is compiled now. */
export async function productBinary(): Promise<string> {
  const found = variants().find(({ binary }) => binary !== undefined)?.binary;
  if (found !== undefined) return found;
  // Not dist/coder-k8s: who compiles that wants it, and what else is tested with it.
  const directory = join(root, "dist", "tests");
  const output = join(directory, "coder-k8s");
  await Deno.mkdir(directory, { recursive: true });
  await withFileLock(join(directory, ".lock"), async () => {
    if (isFresh(output)) return;
    const work = await Deno.makeTempDir({ prefix: "coder-k8s-build-" });
    try {
      const built = join(work, "coder-k8s");
      await buildBinary({ stamp: await buildStamp(root), work, output: built });
      // In its place at once: another test may be running the old one.
      await Deno.copyFile(built, `${output}.new`);
      await Deno.rename(`${output}.new`, output);
    } finally {
      await Deno.remove(work, { recursive: true });
    }
  });
  return output;
}
