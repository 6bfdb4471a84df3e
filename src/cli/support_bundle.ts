/** `coder-k8s support-bundle`: what somebody needs to help, in one file. */
import type { Config } from "../app/config.ts";
import type { BundleRequest, WrittenBundle } from "../app/support_bundle.ts";
import { type CommandCall, flagReader } from "./command_call.ts";
import { describeMistakes } from "./mistake.ts";
import { lookConfig } from "./one_look.ts";
import { duration, number } from "./values.ts";

/** What came of it; `refusal` says why nothing was written. */
export type Bundled = { readonly written: WrittenBundle } | { readonly refusal: string };

/** What it reaches out to. */
export interface BundleSurroundings {
  readonly environment: Readonly<Record<string, string>>;
  readonly err: (text: string) => void;
  readonly readTextFile: (path: string) => Promise<string>;
  readonly supportBundle: (config: Config, request: BundleRequest) => Promise<Bundled>;
}

const MIB = 1_048_576;
/** Gaps that are named on the screen; all are in the index. */
const SHOWN_GAPS = 10;

/** Makes it and tells what was written on standard error. Resolves to the exit code. */
export async function supportBundle(call: CommandCall, around: BundleSurroundings): Promise<number> {
  const { request, mistakes: wrongFlags } = readFlags(call.flags);
  const loaded = await lookConfig({ ...around, flags: call.flags });
  const strays = call.words.map((where) => ({ where, what: "stray argument after support-bundle" }));
  const mistakes = [...call.mistakes, ...strays, ...wrongFlags, ...loaded.mistakes];
  for (const warning of loaded.warnings) around.err(`coder-k8s: ${warning}\n`);
  if (mistakes.length > 0 || loaded.config === undefined) {
    around.err(describeMistakes(mistakes, "coder-k8s help support-bundle"));
    return 2;
  }
  const done = await around.supportBundle(loaded.config, request);
  if ("refusal" in done) {
    around.err(`coder-k8s: ${done.refusal}\n`);
    return 1;
  }
  around.err(told(done.written));
  return 0;
}

function told({ file, bytes, files, gaps }: WrittenBundle): string {
  const missing = gaps.slice(0, SHOWN_GAPS).map(({ what, why }) => `  ${what}: ${why}\n`).join("");
  const more = gaps.length > SHOWN_GAPS ? `  and ${gaps.length - SHOWN_GAPS} more\n` : "";
  const where = file === "-" ? "standard output" : file;
  return `${
    gaps.length === 0 ? "Everything was read.\n" : `Not in it:\n${missing}${more}`
  }\n${where}: ${files} files, ${sizeText(bytes)}. index.md lists them; look before you send it.\n`;
}

function sizeText(bytes: number): string {
  return bytes < MIB ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / MIB).toFixed(1)} MiB`;
}

function readFlags(flags: CommandCall["flags"]) {
  const { mistakes, last, read, namespace } = flagReader(flags);
  const mebibytes = read("max-size", number({ min: 1, max: 1_024 }));
  const request: BundleRequest = {
    namespace: namespace("namespace"),
    operatorNamespace: namespace("operator-namespace"),
    file: last("file"),
    sinceMs: read("since", duration({ min: 1_000 })),
    maxBytes: mebibytes === undefined ? undefined : mebibytes * MIB,
    workspaces: flags.get("workspace"),
  };
  return { request, mistakes };
}
