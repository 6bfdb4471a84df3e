/** The real Helm, built once from its Go module (`go/go.mod`) and kept outside the work tree. */
import { join } from "node:path";
import { buildProgram, type GoOptions, needGo } from "../cluster/go_build.ts";
import { cacheHome, exists, withFileLock } from "../cluster/paths.ts";
import { type ProgressSink, standardError, step } from "../cluster/progress.ts";
import { keyOf, moduleVersion } from "../cluster/tool_list.ts";

const MODULE = "helm.sh/helm/v3";
const MODULE_DIR = join(import.meta.dirname ?? ".", "go");

/** How to get it. */
export interface HelmOptions {
  /** The Go program. @default {"go"} */
  readonly go?: string;
  /** Overrides the cache's directory. */
  readonly cache?: string;
  /** @default standard error */
  readonly progress?: ProgressSink;
}

/**
 * The path of a `helm`: `HELM_BIN`, where it is set, or the one that is built.
 *
 * @throws {ToolsError} when Go is missing or the build fails
 */
export async function ensureHelm(options: HelmOptions = {}): Promise<string> {
  const given = Deno.env.get("HELM_BIN");
  if (given) return given;
  const goMod = await Deno.readTextFile(join(MODULE_DIR, "go.mod"));
  const goSum = await Deno.readTextFile(join(MODULE_DIR, "go.sum"));
  const flags = helmFlags(goMod);
  const key = keyOf([goMod, goSum, ...flags, Deno.build.os, Deno.build.arch]);
  const dir = join(options.cache ?? join(cacheHome(), "tools"), `helm-${key}`);
  const program = join(dir, "helm");
  if (await exists(program)) return program;
  await Deno.mkdir(dir, { recursive: true });
  const go: GoOptions = { go: options.go ?? "go", moduleDir: MODULE_DIR };
  const progress = options.progress ?? standardError();
  await withFileLock(join(dir, ".lock"), async () => {
    if (await exists(program)) return;
    await needGo(
      go,
      "Helm is built from source, and needs Go 1.21 or newer, which was not found on PATH: install it " +
        "(https://go.dev/dl/, or as root `apt-get install golang-go`), or set HELM_BIN to a helm that is there",
    );
    await step(progress, "helm", () => buildProgram(go, flags, `${MODULE}/cmd/helm`, program));
  });
  return program;
}

/** Arguments of `go build` as in Helm's own Makefile: without them it takes itself for one of Kubernetes 1.20. */
export function helmFlags(goMod: string): string[] {
  const minor = moduleVersion(goMod, "k8s.io/client-go").split(".")[1] ?? "";
  const stamps: [string, string][] = [[
    `${MODULE}/internal/version.version`,
    moduleVersion(goMod, MODULE),
  ]];
  for (const path of [`${MODULE}/pkg/chartutil`, `${MODULE}/pkg/lint/rules`]) {
    stamps.push([`${path}.k8sVersionMajor`, "1"], [`${path}.k8sVersionMinor`, minor]);
  }
  const linker = ["-s", "-w", ...stamps.map(([name, value]) => `-X ${name}=${value}`)];
  return ["-trimpath", "-buildvcs=false", "-ldflags", linker.join(" ")];
}
