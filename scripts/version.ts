/**
 * `deno task version X.Y.Z`: the version of the product, in deno.json and wherever files have to name it. What stands under
 * "Unreleased" in CHANGELOG.md becomes the section of that version. Without an argument it prints the version.
 */
import { parseArgs } from "node:util";
import { isReleased, release } from "./lib/changelog.ts";
import { read } from "./lib/files.ts";
import { root, runDeno, say } from "./lib/run.ts";
import { ownVersion, versionFiles } from "./lib/version_files.ts";
import { VERSION, withVersion } from "./lib/version_places.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));

/** Sets it. Returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const { positionals: [version, ...more] } = parseArgs({
    args: args.filter((arg) => arg !== "--"),
    allowPositionals: true,
    options: {},
  });
  if (version === undefined) {
    say(ownVersion());
    return 0;
  }
  if (!VERSION.test(version) || more.length > 0) {
    say(`version: ${[version, ...more].join(" ")} is no version: write one such as 1.2.3 or 1.2.3-rc.1`);
    return 2;
  }
  const changed: string[] = [];
  const write = async (path: string, before: string, after: string) => {
    if (before === after) return;
    await Deno.writeTextFile(`${root}/${path}`, after);
    changed.push(path);
  };
  const configuration = read("deno.json");
  await write("deno.json", configuration, configuration.replace(/("version": ")[^"]+"/, `$1${version}"`));
  for (const path of await versionFiles()) {
    const text = read(path);
    await write(path, text, withVersion(path, text, version));
  }
  const changelog = read("CHANGELOG.md");
  if (!isReleased(changelog, version)) {
    await write(
      "CHANGELOG.md",
      changelog,
      release(changelog, version, new Date().toISOString().slice(0, 10)),
    );
  }
  const generated = await runDeno(["run", "-A", "scripts/generate.ts"], { cwd: root });
  say([...changed, generated.output.trim()].join("\n"));
  return generated.code;
}
