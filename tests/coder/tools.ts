/**
 * The programs that a Coder deployment is made of: coderd and its Terraform provider, built once with `go build` from
 * `tools/go.mod`; Terraform from `PATH`, else OpenTofu, built from `tofu/go.mod`. Kept in
 * `${XDG_CACHE_HOME:-~/.cache}/coder-k8s/tools/<name>-<version>-<key>/`.
 */
import { join } from "node:path";
import { buildProgram, type GoOptions, needGo, ToolsError } from "../cluster/go_build.ts";
import { cacheHome, exists, withFileLock } from "../cluster/paths.ts";
import { type ProgressSink, standardError, step } from "../cluster/progress.ts";
import { findOnPath } from "./find_program.ts";
import { ensureMirror } from "./mirror.ts";
import {
  CODER_PACKAGES,
  CODER_PROGRAMS,
  coderBuildFlags,
  coderCacheKey,
  type CoderProgram,
  providerVersion,
  TOFU_PACKAGE,
  tofuBuildFlags,
  tofuCacheKey,
} from "./tool_list.ts";

/** Absolute paths of everything that a coderd needs besides its database. */
export interface CoderTools {
  /** The AGPL `coder` command. */
  coder: string;
  /** Terraform, or OpenTofu in its place. */
  terraform: string;
  /** Terraform's command-line configuration: providers come from a directory and from nowhere else. */
  terraformConfig: string;
  /** The version of the provider `coder/coder` that templates can ask for. */
  providerVersion: string;
}

/** How to get the tools. */
export interface EnsureCoderToolsOptions {
  /** Where progress is shown. @default standard error */
  progress?: ProgressSink;
  /** The Go program. @default {"go"} */
  go?: string;
  /** Overrides `CODER_BIN`: a `coder` command to use instead of building one; "" for none. */
  coder?: string;
  /** Where Terraform is looked for, as in `PATH`. @default PATH */
  path?: string;
  /** Overrides the cache's directory. */
  cache?: string;
}

const HERE = import.meta.dirname ?? ".";
const GO_MISSING =
  "building coderd and its Terraform provider for the tests needs Go 1.26 or newer, which was not found on PATH: " +
  "install it (https://go.dev/dl/)";

/**
 * Finds or builds every tool. A first build takes minutes: four for coderd alone on a quiet machine with two cores.
 *
 * @throws {ToolsError} when Go is missing, `CODER_BIN` names nothing, or a build fails
 */
export async function ensureCoderTools(options: EnsureCoderToolsOptions = {}): Promise<CoderTools> {
  const progress = options.progress ?? standardError();
  const go = options.go ?? "go";
  const cache = options.cache ?? join(cacheHome(), "tools");
  const given = options.coder ?? Deno.env.get("CODER_BIN");
  if (given && !(await exists(given))) {
    throw new ToolsError(`CODER_BIN names ${given}, which is not there: name a coder command, or unset it`);
  }

  const module = await readModule("tools");
  const dir = join(cache, coderCacheKey(module));
  const program = (name: CoderProgram) => name === "coder" && given ? given : join(dir, name);
  await buildMissing(
    { go, moduleDir: module.dir, nice: true },
    dir,
    CODER_PROGRAMS.filter((name) => program(name) !== given).map((name) => ({
      name,
      goPackage: CODER_PACKAGES[name],
      flags: coderBuildFlags(module.goMod, name),
    })),
    progress,
  );
  const version = providerVersion(module.goMod);
  const terraformConfig = await ensureMirror(dir, program("terraform-provider-coder"), version);

  const terraform = await findOnPath("terraform", options.path) ?? await ensureTofu(go, cache, progress);
  return { coder: program("coder"), terraform, terraformConfig, providerVersion: version };
}

async function ensureTofu(go: string, cache: string, progress: ProgressSink): Promise<string> {
  const module = await readModule("tofu");
  const dir = join(cache, tofuCacheKey(module));
  const tofu = { name: "tofu", goPackage: TOFU_PACKAGE, flags: tofuBuildFlags() };
  await buildMissing({ go, moduleDir: module.dir, nice: true }, dir, [tofu], progress);
  return join(dir, tofu.name);
}

async function readModule(name: string) {
  const dir = join(HERE, name);
  const [goMod, goSum] = await Promise.all(
    ["go.mod", "go.sum"].map((file) => Deno.readTextFile(join(dir, file))),
  );
  return { dir, goMod: goMod ?? "", goSum: goSum ?? "", os: Deno.build.os, arch: Deno.build.arch };
}

interface Program {
  name: string;
  goPackage: string;
  flags: string[];
}

async function buildMissing(
  go: GoOptions,
  dir: string,
  programs: readonly Program[],
  progress: ProgressSink,
): Promise<void> {
  const missing = async () => {
    const there = await Promise.all(programs.map(({ name }) => exists(join(dir, name))));
    return programs.filter((_, index) => !there[index]);
  };
  if ((await missing()).length === 0) return;
  await Deno.mkdir(dir, { recursive: true });
  await withFileLock(join(dir, ".lock"), async () => {
    await needGo(go, GO_MISSING);
    const toBuild = await missing();
    if (toBuild.length > 0) progress.write(`Building for the Coder tests, once; kept in ${dir}.\n`);
    for (const { name, goPackage, flags } of toBuild) {
      await step(progress, name, () => buildProgram(go, flags, goPackage, join(dir, name)));
    }
  }, () => progress.write("Another process builds programs of the Coder tests; waiting for it.\n"));
}
