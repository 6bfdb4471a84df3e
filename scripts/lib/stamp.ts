/** What a build is called: version of deno.json, commit of the work tree, time. */
import { run } from "./run.ts";

/** Matches `BuildInfo` of src/app/version.ts. */
export interface Stamp {
  version: string;
  commit: string;
  built: string;
}

/**
 * Reads the stamp. `SOURCE_DATE_EPOCH` (seconds) sets the time, for builds that must come out the same. `SOURCE_COMMIT`
 * names the commit where the sources come without git, as into an image's build; else it is what git says, `unknown`
 * where there is no git, and ends in `-dirty` where tracked files have changes.
 */
export async function buildStamp(root: string): Promise<Stamp> {
  const { version } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`)) as { version: string };
  const given = Deno.env.get("SOURCE_DATE_EPOCH");
  if (given && !/^\d+$/.test(given)) {
    throw new Error(`SOURCE_DATE_EPOCH is ${JSON.stringify(given)}: give whole seconds since 1970`);
  }
  const epoch = given ? Number(given) : Math.floor(Date.now() / 1000);
  const built = new Date(epoch * 1000).toISOString().replace(".000Z", "Z");
  return { version, commit: Deno.env.get("SOURCE_COMMIT") || await commitOf(root), built };
}

async function commitOf(root: string): Promise<string> {
  try {
    const head = await run("git", ["rev-parse", "HEAD"], { cwd: root });
    if (head.code !== 0) return "unknown";
    const changes = await run("git", ["status", "--porcelain", "--untracked-files=no"], { cwd: root });
    return head.output.trim() + (changes.output.trim() === "" ? "" : "-dirty");
  } catch {
    return "unknown";
  }
}
