/** The packages of the site, from npm, as its lock file says; installed once, and anew where that has changed. */
import { withFileLock } from "../../tests/cluster/paths.ts";
import { root } from "../lib/run.ts";
import { tmpdir } from "node:os";
import { join } from "node:path";

const INSTALL_MS = 10 * 60_000;

/** What tells whether packages are those of the lock file. */
async function fingerprint(site: string): Promise<string> {
  const texts = await Promise.all(
    ["package.json", "package-lock.json"].map((name) => Deno.readTextFile(join(site, name))),
  );
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(texts.join("\0")));
  return new Uint8Array(hash).toHex();
}

/**
 * Makes `site/node_modules` what the lock file says, with `npm ci`. Scripts of packages are not run.
 *
 * @returns whether something had to be installed
 * @throws {Error} when npm is missing, refuses, or takes ten minutes
 */
export async function ensureSitePackages(site = join(root, "site"), npm = "npm"): Promise<boolean> {
  const stamp = join(site, "node_modules", ".coder-k8s");
  const wanted = await fingerprint(site);
  const isThere = async () => await Deno.readTextFile(stamp).catch(() => "") === wanted;
  if (await isThere()) return false;
  // One lock for each checkout; it lies outside of what `npm ci` removes.
  const lock = join(tmpdir(), `coder-k8s-site-${site.replaceAll("/", "_")}.lock`);
  return await withFileLock(lock, async () => {
    if (await isThere()) return false;
    await install(site, npm);
    await Deno.writeTextFile(stamp, wanted);
    return true;
  });
}

async function install(site: string, npm: string): Promise<void> {
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
  const tried = `${npm} ${args.join(" ")} in ${site}`;
  const signal = AbortSignal.timeout(INSTALL_MS);
  // A program that is missing throws at once; one that ends badly does not.
  const run = async () =>
    await new Deno.Command(npm, { args, cwd: site, stdin: "null", stdout: "null", stderr: "piped", signal })
      .output();
  const { success, code, stderr } = await run().catch((error) => {
    throw new Error(`${tried}: ${error.message}: the site needs Node and its npm on the PATH`, {
      cause: error,
    });
  });
  if (signal.aborted) throw new Error(`${tried}: took longer than ${INSTALL_MS / 60_000} minutes`);
  if (!success) {
    const told = new TextDecoder().decode(stderr).trim().split("\n").slice(-8).join("\n");
    throw new Error(`${tried}: exit code ${code}: is a registry of npm reachable?\n${told}`);
  }
}
