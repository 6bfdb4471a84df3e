/** A real OCI registry, built once with `go build` from `tools/go.mod`. */
import { join } from "node:path";
import { buildProgram, needGo } from "../cluster/go_build.ts";
import { cacheHome, exists, withFileLock } from "../cluster/paths.ts";
import { standardError, step } from "../cluster/progress.ts";
import { keyOf } from "../cluster/tool_list.ts";

const MODULE_DIR = join(import.meta.dirname ?? ".", "tools");
const PACKAGE = "github.com/distribution/distribution/v3/cmd/registry";
const FLAGS = ["-trimpath", "-buildvcs=false", "-ldflags", "-s -w"];
const GO_MISSING =
  "building the registry of the source tests needs Go 1.26 or newer, which was not found on PATH: " +
  "install it (https://go.dev/dl/)";

/** Its path. @throws {ToolsError} when Go is missing or the build fails */
export async function ensureRegistry(): Promise<string> {
  const [goMod = "", goSum = ""] = await Promise.all(
    ["go.mod", "go.sum"].map((file) => Deno.readTextFile(join(MODULE_DIR, file))),
  );
  const key = keyOf([goMod, goSum, FLAGS.join(" "), `${Deno.build.os}/${Deno.build.arch}`]);
  const dir = join(cacheHome(), "tools", `registry-${key}`);
  const program = join(dir, "registry");
  if (await exists(program)) return program;
  await Deno.mkdir(dir, { recursive: true });
  return await withFileLock(join(dir, ".lock"), async () => {
    if (await exists(program)) return program;
    const go = { go: "go", moduleDir: MODULE_DIR, nice: true };
    await needGo(go, GO_MISSING);
    await step(standardError(), "registry", () => buildProgram(go, FLAGS, PACKAGE, program));
    return program;
  });
}
