/** Files that a Go module ships, such as definitions of kinds: fetched once, verified by hash, kept outside the work tree. */
import { basename, join } from "node:path";
import { type GoOptions, needGo, runGo, ToolsError } from "./go_build.ts";
import { cacheHome, exists, removeTree, withFileLock } from "./paths.ts";
import { moduleVersion } from "./tool_list.ts";

/** Which files of which module. */
export interface ModuleFiles {
  /** Of their folder in the cache; the version is added. */
  readonly name: string;
  /** As go.mod names it. */
  readonly module: string;
  /** Folder of a go.mod, with a go.sum, that requires it. */
  readonly moduleDir: string;
  /** Paths within the module. */
  readonly files: readonly string[];
  /** Said where Go is missing: who needs it. */
  readonly need: string;
}

/** Where to get them from. */
export interface ModuleFilesOptions {
  /** The Go program. @default {"go"} */
  go?: string;
  /** Overrides the cache's directory. */
  cache?: string;
}

/**
 * Their paths.
 *
 * @throws {ToolsError} when Go is missing or the module cannot be had
 */
export async function moduleFiles(wanted: ModuleFiles, options: ModuleFilesOptions = {}): Promise<string[]> {
  const { name, module, moduleDir, files, need } = wanted;
  const version = moduleVersion(await Deno.readTextFile(join(moduleDir, "go.mod")), module);
  const cache = options.cache ?? join(cacheHome(), "tools");
  const dir = join(cache, `${name}-${version}`);
  const paths = files.map((file) => join(dir, basename(file)));
  if (await exists(dir)) return paths;
  await Deno.mkdir(cache, { recursive: true });
  await withFileLock(`${dir}.lock`, async () => {
    if (await exists(dir)) return;
    const go: GoOptions = { go: options.go ?? "go", moduleDir };
    await needGo(
      go,
      `${need} from a Go module, and need Go 1.21 or newer, which was not found on PATH: install it ` +
        "(https://go.dev/dl/, or as root `apt-get install golang-go`)",
    );
    const answer: unknown = JSON.parse(await runGo(go, ["mod", "download", "-json", module]));
    const source = (answer as { Dir?: unknown }).Dir;
    if (typeof source !== "string") throw new ToolsError(`go mod download ${module} named no directory`);
    const unfinished = `${dir}.${Deno.pid}`;
    await removeTree(unfinished);
    await Deno.mkdir(unfinished);
    for (const file of files) {
      const text = await Deno.readTextFile(join(source, file));
      await Deno.writeTextFile(join(unfinished, basename(file)), text);
    }
    await Deno.rename(unfinished, dir);
  });
  return paths;
}
