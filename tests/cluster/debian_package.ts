/** Programs of Debian's packages: where they are, or, as root on Debian, installed. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findOnPath, isExecutable } from "../coder/find_program.ts";
import { ToolsError } from "./go_build.ts";
import { withFileLock } from "./paths.ts";
import { type ProgressSink, standardError, step } from "./progress.ts";

export interface DebianProgram {
  /** As it is called on `PATH`. */
  readonly program: string;
  /** That has it. */
  readonly package: string;
  /** Where the package puts it, where that may not be on `PATH`. */
  readonly places?: readonly string[] | undefined;
  /** For the error: who needs it ("which tests of … need"). */
  readonly need: string;
}

/** Where to look, and what may be done. For tests of this file. */
export interface DebianOptions {
  /** Directories as in `PATH`. @default PATH */
  readonly path?: string | undefined;
  /** May install packages. @default whether this is root */
  readonly root?: boolean | undefined;
  /** Of all installations on this machine: apt-get runs once at a time. */
  readonly lock?: string | undefined;
  /** Where progress is shown. @default standard error */
  readonly progress?: ProgressSink | undefined;
}

/** One for all packages and processes: two runs of apt-get side by side refuse each other. */
const LOCK = join(tmpdir(), "coder-k8s-apt-get.lock");

/** Its path. @throws {ToolsError} one line that says how to get it */
export async function ensureDebianProgram(
  wanted: DebianProgram,
  options: DebianOptions = {},
): Promise<string> {
  const found = await find(wanted, options);
  if (found !== undefined) return found;
  const apt = await findOnPath("apt-get", options.path);
  if (apt === undefined || !(options.root ?? Deno.uid() === 0)) throw missing(wanted, "is not installed");
  return await withFileLock(options.lock ?? LOCK, async () => {
    const meanwhile = await find(wanted, options);
    if (meanwhile !== undefined) return meanwhile;
    const progress = options.progress ?? standardError();
    await step(progress, `installing ${wanted.package} (apt-get install)`, async () => {
      await run(apt, ["update"], wanted, options);
      await run(apt, ["install", "-y", "--no-install-recommends", wanted.package], wanted, options);
    });
    const installed = await find(wanted, options);
    if (installed !== undefined) return installed;
    throw missing(wanted, "was installed with apt-get and still is not there");
  });
}

async function find(
  { program, places = [] }: DebianProgram,
  { path }: DebianOptions,
): Promise<string | undefined> {
  const onPath = await findOnPath(program, path);
  if (onPath !== undefined) return onPath;
  for (const place of places) if (await isExecutable(place)) return place;
  return undefined;
}

async function run(
  apt: string,
  args: readonly string[],
  wanted: DebianProgram,
  { path }: DebianOptions,
): Promise<void> {
  const env = {
    DEBIAN_FRONTEND: "noninteractive",
    // Starts no service of the package: servers of tests are their own, on ports of their own.
    RUNLEVEL: "1",
    ...(path === undefined ? {} : { PATH: path }),
  };
  const whole = ["-o", "DPkg::Lock::Timeout=600", ...args];
  const { success, stderr } = await new Deno.Command(apt, { args: whole, env, stdin: "null" }).output();
  if (success) return;
  const reason = new TextDecoder().decode(stderr).trim().split("\n").slice(-5).join("; ");
  throw missing(wanted, `cannot be installed: apt-get ${args.join(" ")} said: ${reason}`);
}

function missing({ program, package: name, need }: DebianProgram, what: string): ToolsError {
  return new ToolsError(`${program}, ${need}, ${what}: run \`apt-get install ${name}\` as root`);
}
