/**
 * `deno task matrix [--build] [platform…]`: the part of the suite that depends on Kubernetes, or on Coder, on other versions of it.
 * Builds what is missing (once, kept beside the other programs; with `--build` that is all), prints what came of each, and
 * leaves `dist/matrix.json` and what the tests said in `dist/matrix/`.
 */
import { join } from "node:path";
import { readReport } from "../../scripts/lib/test_report.ts";
import { runChild } from "../../scripts/lib/child_tests.ts";
import { root, say } from "../../scripts/lib/run.ts";
import { stopSignals } from "../../scripts/lib/stop_signals.ts";
import { buildProgram, needGo } from "../cluster/go_build.ts";
import { cacheHome, exists, withFileLock } from "../cluster/paths.ts";
import { standardError, step } from "../cluster/progress.ts";
import { askedFor, cacheFolder, type Platform, programsOf, versionOf } from "./platforms.ts";

/** A platform on which the suite has not ended by then hangs. */
const DEADLINE_MS = 90 * 60_000;

/** What came of one platform. */
interface Outcome {
  readonly platform: string;
  readonly version: string;
  readonly passed: number;
  readonly failed: number;
  readonly minutes: number;
  /** Names of what failed. */
  readonly failures: readonly string[];
}

/** Its programs' folder; what is missing is built. */
async function ensurePlatform(platform: Platform): Promise<{ dir: string; version: string }> {
  const moduleDir = join(import.meta.dirname ?? ".", platform.name);
  const [goMod, goSum] = await Promise.all(
    ["go.mod", "go.sum"].map((file) => Deno.readTextFile(join(moduleDir, file))),
  ) as [string, string];
  const dir = join(
    cacheHome(),
    "tools",
    cacheFolder(platform, goMod, goSum, `${Deno.build.os}/${Deno.build.arch}`),
  );
  await Deno.mkdir(dir, { recursive: true });
  const go = { go: "go", moduleDir, nice: true };
  await withFileLock(join(dir, ".lock"), async () => {
    const date = `${new Date().toISOString().slice(0, 19)}Z`;
    for (const { name, goPackage, flags } of programsOf(platform, goMod, date)) {
      if (await exists(join(dir, name))) continue;
      await needGo(
        go,
        `${platform.name} is built from source, and needs Go 1.26 or newer: https://go.dev/dl/`,
      );
      await step(
        standardError(),
        `${name} of ${platform.name}`,
        () => buildProgram(go, flags, goPackage, join(dir, name)),
      );
    }
  });
  return { dir, version: versionOf(platform, goMod) };
}

async function runOn(platform: Platform, signal: AbortSignal): Promise<Outcome> {
  const { dir, version } = await ensurePlatform(platform);
  const started = performance.now();
  const output = `${root}/dist/matrix/${platform.name}.log`;
  say(`--- ${platform.name} (${version}): ${output}`);
  const there = [];
  for (const path of platform.suite) if (await exists(`${root}/${path}`)) there.push(path);
  const env = platform.of === "coder" ? { CODER_BIN: join(dir, "coder") } : { KUBEBUILDER_ASSETS: dir };
  const child = await runChild(["run", "-A", `${root}/scripts/run_tests.ts`, ...there], {
    env,
    output,
    deadlineMs: DEADLINE_MS,
    signal,
  });
  await Deno.writeTextFile(output, child.output);
  const { passed, failed, failures } = readReport(platform.name, child.code, child.output);
  return {
    platform: platform.name,
    version,
    passed,
    failed,
    minutes: Math.round((performance.now() - started) / 6000) / 10,
    failures: failures.map(({ name }) => name),
  };
}

/** Runs what was asked for; resolves to the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const platforms = askedFor(args.filter((arg) => arg !== "--build"));
  if (args.includes("--build")) {
    for (const platform of platforms) say(`${platform.name}: ${(await ensurePlatform(platform)).dir}`);
    return 0;
  }
  const stopped = new AbortController();
  using _stop = stopSignals((signal) => stopped.abort(new Error(`${signal} ended the run`)));
  await Deno.mkdir(`${root}/dist/matrix`, { recursive: true });
  const outcomes: Outcome[] = [];
  for (const platform of platforms) {
    const outcome = await runOn(platform, stopped.signal);
    outcomes.push(outcome);
    const { passed, failed, minutes, failures } = outcome;
    say(`    ${platform.name}: ${passed} passed, ${failed} failed in ${minutes} minutes`);
    for (const name of failures) say(`      ${name}`);
    await Deno.writeTextFile(`${root}/dist/matrix.json`, `${JSON.stringify(outcomes, null, 2)}\n`);
  }
  return outcomes.every(({ failed }) => failed === 0) ? 0 : 1;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args.filter((arg) => arg !== "--")));
  } catch (error) {
    say(`matrix: ${error instanceof Error ? error.message : String(error)}`);
    Deno.exit(1);
  }
}
