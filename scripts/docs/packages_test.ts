import { equal, match, rejects } from "node:assert/strict";
import { ensureSitePackages } from "./packages.ts";

/** A folder with a lock file, and an npm that notes how it was called. */
async function withSite(script: string, run: (site: string, npm: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/package.json`, "{}");
    await Deno.writeTextFile(`${dir}/package-lock.json`, "{}");
    await Deno.writeTextFile(`${dir}/npm`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    await run(dir, `${dir}/npm`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("packages are installed once, and again where the lock file has changed", () =>
  withSite('echo "$*" >>calls; mkdir -p node_modules', async (site, npm) => {
    equal(await ensureSitePackages(site, npm), true);
    equal(await ensureSitePackages(site, npm), false);
    await Deno.writeTextFile(`${site}/package-lock.json`, '{"a":1}');
    equal(await ensureSitePackages(site, npm), true);
    const calls = (await Deno.readTextFile(`${site}/calls`)).trim().split("\n");
    equal(calls.length, 2);
    equal(calls[0], "ci --ignore-scripts --no-audit --no-fund");
  }));

Deno.test("two at once install once", () =>
  withSite("echo x >>calls; mkdir -p node_modules", async (site, npm) => {
    const both = await Promise.all([ensureSitePackages(site, npm), ensureSitePackages(site, npm)]);
    equal(both.filter((installed) => installed).length, 1);
  }));

Deno.test("an npm that refuses, or is not there, says what to do, and nothing counts as installed", () =>
  withSite("echo 'ENOTFOUND registry' >&2; exit 7", async (site, npm) => {
    await rejects(ensureSitePackages(site, npm), (error: Error) => {
      match(
        error.message,
        /npm ci .* in .*: exit code 7: is a registry of npm reachable\?\nENOTFOUND registry/,
      );
      return true;
    });
    await rejects(ensureSitePackages(site, `${site}/nothing`), /needs Node and its npm on the PATH/);
  }));
