/**
 * `deno task release [--out DIRECTORY] [--target TRIPLE]… [--snapshot]`: everything that a release consists of but the
 * images, in a directory. Equal commits make equal files, the provenance apart, which says when and where it was made.
 *
 * `--snapshot` leaves out the checks of the work tree, and takes what is to come from the changelog.
 */
import { parseArgs } from "node:util";
import { type Target, TARGETS } from "./lib/build.ts";
import { root, say } from "./lib/run.ts";
import { buildStamp } from "./lib/stamp.ts";
import { commitTime, releaseProblems } from "./release/checks.ts";
import { makeRelease } from "./release/make.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));

/** Makes it. Returns the exit code: 0 made, 1 not, 2 not understood. */
export async function main(args: readonly string[]): Promise<number> {
  const options = understood(args);
  if (options instanceof Error) {
    say(`release: ${options.message}`);
    return 2;
  }
  try {
    if (!Deno.env.get("SOURCE_DATE_EPOCH")) Deno.env.set("SOURCE_DATE_EPOCH", String(await commitTime()));
    const stamp = await buildStamp(root);
    const problems = options.snapshot ? [] : await releaseProblems(stamp);
    for (const problem of problems) say(`release: ${problem}`);
    if (problems.length > 0) return 1;
    await makeRelease({ ...options, stamp });
    return 0;
  } catch (error) {
    say(`release: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

function understood(args: readonly string[]): { out: string; targets: Target[]; snapshot: boolean } | Error {
  try {
    const { values } = parseArgs({
      args: args.filter((arg) => arg !== "--"),
      options: {
        out: { type: "string", default: `${root}/dist/release` },
        target: { type: "string", multiple: true, default: [Deno.build.target] },
        snapshot: { type: "boolean", default: false },
      },
    });
    const targets = values.target.map((text) => TARGETS.find((one) => one === text));
    const unknown = values.target.filter((_, index) => targets[index] === undefined);
    if (unknown.length > 0) {
      return new Error(`no target ${unknown.join(", ")}; there are ${TARGETS.join(", ")}`);
    }
    return {
      out: values.out,
      snapshot: values.snapshot,
      targets: targets.filter((one) => one !== undefined),
    };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
