/** Go programs of modules in this repository, each built once with `go build` and kept outside the work tree. */
import { join } from "node:path";
import { buildProgram, type GoOptions, needGo } from "./go_build.ts";
import { cacheHome, exists, withFileLock } from "./paths.ts";
import { type ProgressSink, standardError, step } from "./progress.ts";
import { keyOf } from "./tool_list.ts";

const FLAGS = ["-trimpath", "-buildvcs=false", "-ldflags", "-s -w"];

/** Which program. */
export interface GoProgram {
  /** Of the file, and of its folder in the cache. */
  readonly name: string;
  /** What it is, for people: `informers of client-go`. */
  readonly title: string;
  /** Folder of go.mod and all sources, without folders in it. */
  readonly moduleDir: string;
  /** The package that it is built from; another module's where go.mod requires it. @default {"."} */
  readonly goPackage?: string;
}

/** How to get it. */
export interface GoProgramOptions {
  /** The Go program. @default {"go"} */
  readonly go?: string;
  /** Overrides the cache's directory. */
  readonly cache?: string;
  /** @default standard error */
  readonly progress?: ProgressSink;
}

/** The program's path. @throws {ToolsError} when Go is missing or the build fails */
export async function ensureGoProgram(
  { name, title, moduleDir, goPackage = "." }: GoProgram,
  options: GoProgramOptions = {},
): Promise<string> {
  const cache = options.cache ?? join(cacheHome(), "tools");
  const key = keyOf([...await sources(moduleDir), ...FLAGS, Deno.build.os, Deno.build.arch]);
  const dir = join(cache, `${name}-${key}`);
  const program = join(dir, name);
  if (await exists(program)) return program;
  await Deno.mkdir(dir, { recursive: true });
  const progress = options.progress ?? standardError();
  const go: GoOptions = { go: options.go ?? "go", moduleDir };
  await withFileLock(join(dir, ".lock"), async () => {
    if (await exists(program)) return;
    await needGo(
      go,
      `the ${title} are built from source, and need Go 1.21 or newer, which was not found on PATH: ` +
        "install it (https://go.dev/dl/, or as root `apt-get install golang-go`)",
    );
    await step(progress, title, () => buildProgram(go, FLAGS, goPackage, program));
  });
  return program;
}

/** Names and texts of all files that it is made of, in an order of their own. */
async function sources(moduleDir: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(moduleDir)) names.push(name);
  names.sort();
  const texts = await Promise.all(names.map((name) => Deno.readTextFile(join(moduleDir, name))));
  return names.flatMap((name, index) => [name, texts[index]!]);
}
