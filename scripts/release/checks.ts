/** Whether this work tree can be released. */
import { changelogProblems } from "../lib/changelog.ts";
import { read } from "../lib/files.ts";
import { root, run } from "../lib/run.ts";
import type { Stamp } from "../lib/stamp.ts";
import { versionsDiffer } from "../lib/version_files.ts";
import { VERSION } from "../lib/version_places.ts";

/** Problems in words; empty when it can. */
export async function releaseProblems({ version, commit }: Stamp): Promise<string[]> {
  const problems = await versionsDiffer();
  if (!VERSION.test(version)) problems.push(`deno.json: ${version} is no version such as 1.2.3`);
  if (commit === "unknown") problems.push("the commit is unknown: release from a checkout of git");
  if (commit.endsWith("-dirty")) {
    problems.push(
      "tracked files have changes that are in no commit: commit them, or release with --snapshot",
    );
  }
  problems.push(...changelogProblems(read("CHANGELOG.md"), version));
  const tag = await run("git", ["tag", "--list", `v${version}`, "--points-at", "HEAD"], { cwd: root });
  const elsewhere = await run("git", ["tag", "--list", `v${version}`], { cwd: root });
  if (tag.output.trim() === "" && elsewhere.output.trim() !== "") {
    problems.push(
      `v${version} is another commit: the version of what comes next is set by "deno task version"`,
    );
  }
  return problems;
}

/** When the commit was made, in seconds since 1970: what is built from it is stamped with that time. */
export async function commitTime(): Promise<number> {
  const { code, output } = await run("git", ["log", "-1", "--format=%ct"], { cwd: root });
  const seconds = Number(output.trim());
  if (code !== 0 || !Number.isSafeInteger(seconds)) {
    throw new Error(
      `git log -1 --format=%ct said ${JSON.stringify(output.trim())}: release from a checkout of git`,
    );
  }
  return seconds;
}
