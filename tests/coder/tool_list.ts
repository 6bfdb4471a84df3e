/** What a real Coder deployment is built from, and under which key the builds are cached. */
import { GO_ENVIRONMENT } from "../cluster/go_build.ts";
import { keyOf, moduleVersion } from "../cluster/tool_list.ts";

/** The programs of `tools/go.mod` and the Go packages that they are built from. */
export const CODER_PACKAGES = {
  /** The AGPL command: server, agent and command line, without the web site. */
  coder: "github.com/coder/coder/v2/cmd/coder",
  "terraform-provider-coder": "github.com/coder/terraform-provider-coder/v2",
} as const;

export type CoderProgram = keyof typeof CODER_PACKAGES;
export const CODER_PROGRAMS = Object.keys(CODER_PACKAGES) as CoderProgram[];

/** Stands in for Terraform where there is none; from `tofu/go.mod`, as its requirements and coderd's exclude each other. */
export const TOFU_PACKAGE = "github.com/opentofu/opentofu/cmd/tofu";

const CODER_MODULE = "github.com/coder/coder/v2";
const TOFU_MODULE = "github.com/opentofu/opentofu";

/** The version of coderd, without its "v". */
export function coderVersion(goMod: string): string {
  return moduleVersion(goMod, CODER_MODULE).slice(1);
}

/** The version of the provider `coder/coder`, without its "v". */
export function providerVersion(goMod: string): string {
  return moduleVersion(goMod, CODER_PACKAGES["terraform-provider-coder"]).slice(1);
}

/** Arguments of `go build`, without the output and the package. */
export function coderBuildFlags(goMod: string, program: CoderProgram): string[] {
  if (program !== "coder") return buildFlags([]);
  return buildFlags([
    // A dependency reaches into the standard library by linkname.
    "-checklinkname=0",
    // coderd puts the "v" before it; with one of our own it would not be a version.
    `-X ${CODER_MODULE}/buildinfo.tag=${coderVersion(goMod)}`,
    `-X ${CODER_MODULE}/buildinfo.agpl=true`,
  ]);
}

/** As `coderBuildFlags`, for OpenTofu. */
export function tofuBuildFlags(): string[] {
  // Else its version ends in "-dev".
  return buildFlags([`-X ${TOFU_MODULE}/version.dev=no`]);
}

function buildFlags(linker: string[]): string[] {
  // The tools lie in the product's repository: its revision is not theirs, and coderd would show it in its version.
  return ["-trimpath", "-buildvcs=false", "-ldflags", ["-s", "-w", ...linker].join(" ")];
}

/** What decides whether a cached build can be used. */
export interface CacheKeyInput {
  goMod: string;
  goSum: string;
  os: string;
  arch: string;
}

/** The directory in the cache of coderd and its provider: readable version, and a hash of all that decides. */
export function coderCacheKey(input: CacheKeyInput): string {
  const flags = CODER_PROGRAMS.map((program) => coderBuildFlags(input.goMod, program));
  return `coder-${coderVersion(input.goMod)}-${keyOf(partsOf(input, [CODER_PACKAGES, flags]))}`;
}

/** The directory in the cache of OpenTofu. */
export function tofuCacheKey(input: CacheKeyInput): string {
  const version = moduleVersion(input.goMod, TOFU_MODULE).slice(1);
  return `tofu-${version}-${keyOf(partsOf(input, [TOFU_PACKAGE, tofuBuildFlags()]))}`;
}

function partsOf({ goMod, goSum, os, arch }: CacheKeyInput, more: unknown): string[] {
  return [goMod, goSum, JSON.stringify([more, GO_ENVIRONMENT]), `${os}/${arch}`];
}
