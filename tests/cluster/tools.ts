/**
 * The programs that a cluster is made of: taken from `KUBEBUILDER_ASSETS`, else built once with `go build` from
 * `tools/go.mod` into `${XDG_CACHE_HOME:-~/.cache}/coder-k8s/tools/<key>/`.
 */
import { basename, join } from "node:path";
import { buildProgram, type GoOptions, needGo, runGo, ToolsError } from "./go_build.ts";
import { cacheHome, exists, removeTree, withFileLock } from "./paths.ts";
import { type ProgressSink, standardError, step } from "./progress.ts";
import {
  buildFlags,
  cacheKey,
  STAGE_FILES,
  STAGE_MODULE,
  type Tool,
  TOOL_PACKAGES,
  TOOLS,
} from "./tool_list.ts";

/** Absolute paths of everything that a cluster needs. */
export interface Tools {
  path: Record<Tool, string>;
  /** KWOK's stages, YAML files. */
  stages: string[];
}

export { ToolsError };

/** How to get the tools. */
export interface EnsureToolsOptions {
  /** Where progress is shown. @default standard error */
  progress?: ProgressSink;
  /** The Go program. @default {"go"} */
  go?: string;
  /** Overrides `KUBEBUILDER_ASSETS`. */
  assets?: string;
  /** Overrides the cache's directory. */
  cache?: string;
}

const MODULE_DIR = join(import.meta.dirname ?? ".", "tools");
const GO_MISSING =
  "building the test cluster's tools (etcd, kube-apiserver, …) needs Go 1.21 or newer, which was not " +
  "found on PATH: install it (https://go.dev/dl/, or as root `apt-get install golang-go`), or set " +
  "KUBEBUILDER_ASSETS to a directory that holds " + TOOLS.join(", ");

/**
 * Finds or builds every tool.
 *
 * @throws {ToolsError} when Go is missing or a build fails.
 */
export async function ensureTools(options: EnsureToolsOptions = {}): Promise<Tools> {
  const assets = options.assets ?? Deno.env.get("KUBEBUILDER_ASSETS");
  const go: GoOptions = { go: options.go ?? "go", moduleDir: MODULE_DIR };
  const goMod = await Deno.readTextFile(join(MODULE_DIR, "go.mod"));
  const goSum = await Deno.readTextFile(join(MODULE_DIR, "go.sum"));
  const key = cacheKey({ goMod, goSum, os: Deno.build.os, arch: Deno.build.arch });
  const dir = join(options.cache ?? join(cacheHome(), "tools"), key);

  const path = {} as Record<Tool, string>;
  const missing: Tool[] = [];
  for (const tool of TOOLS) {
    const given = assets ? join(assets, tool) : undefined;
    path[tool] = given && await exists(given) ? given : join(dir, tool);
    if (path[tool] !== given && !(await exists(path[tool]))) missing.push(tool);
  }
  const stages = STAGE_FILES.map((file) => join(dir, "stages", basename(file)));
  const stagesMissing = !(await exists(join(dir, "stages")));
  if (missing.length === 0 && !stagesMissing) return { path, stages };

  const progress = options.progress ?? standardError();
  await Deno.mkdir(dir, { recursive: true });
  await withFileLock(join(dir, ".lock"), async () => {
    await needGo(go, GO_MISSING);
    if (!(await exists(join(dir, "stages")))) await copyStages(go, dir);
    const toBuild: Tool[] = [];
    for (const tool of missing) if (!(await exists(join(dir, tool)))) toBuild.push(tool);
    if (toBuild.length > 0) {
      progress.write(
        `Building the test cluster's programs, once; kept in ${dir}. All of them take minutes.\n`,
      );
    }
    const flags = buildFlags(goMod, new Date().toISOString().slice(0, 19) + "Z");
    for (const [index, tool] of toBuild.entries()) {
      await step(
        progress,
        `${tool} (${index + 1} of ${toBuild.length})`,
        () => buildProgram(go, flags, TOOL_PACKAGES[tool], join(dir, tool)),
      );
    }
  }, () => progress.write("Another process builds the test cluster's programs; waiting for it.\n"));
  return { path, stages };
}

async function copyStages(go: GoOptions, dir: string): Promise<void> {
  const answer: unknown = JSON.parse(await runGo(go, ["mod", "download", "-json", STAGE_MODULE]));
  const source = (answer as { Dir?: unknown }).Dir;
  if (typeof source !== "string") throw new ToolsError(`go mod download ${STAGE_MODULE} named no directory`);
  const unfinished = join(dir, `.stages.${Deno.pid}`);
  await removeTree(unfinished);
  await Deno.mkdir(unfinished);
  for (const file of STAGE_FILES) {
    const text = await Deno.readTextFile(join(source, "kustomize", "stage", file));
    await Deno.writeTextFile(join(unfinished, basename(file)), text);
  }
  await Deno.rename(unfinished, join(dir, "stages"));
}
