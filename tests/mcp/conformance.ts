/** The official conformance suite, run against a server. */
import { join } from "node:path";
import { inFolder, runNpm } from "./programs.ts";

const SUITE = "npm:@modelcontextprotocol/conformance@0.1.16";

/** One scenario of the suite. */
export interface ScenarioResult {
  readonly scenario: string;
  readonly passed: boolean;
  /** How many of its checks were made and met: none where it did not apply. */
  readonly met: number;
  /** What failed, and what it warns of: recommendations that are not followed. */
  readonly failures: readonly string[];
  readonly warnings: readonly string[];
}

interface Check {
  readonly id: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  readonly errorMessage?: string;
}

/** All server scenarios that the suite has, pending ones included; sorted by name. */
export async function runConformance(url: string): Promise<ScenarioResult[]> {
  return await inFolder(async (folder) => {
    const args = ["server", "--url", url, "--suite", "all", "--output-dir", folder];
    const { stdout, stderr } = await runNpm({ specifier: SUITE, args, folder });
    const said = [...stdout.matchAll(/^([✓✗]) ([a-z0-9-]+): /gm)];
    if (said.length === 0) throw new Error(`The conformance suite told nothing:\n${stdout}${stderr}`);
    const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
    const results = said.map(async ([, mark = "", scenario = ""]) => {
      const own = names.find((name) => new RegExp(`^server-${scenario}-\\d{4}-`).test(name));
      if (own === undefined) throw new Error(`The conformance suite kept no results of ${scenario}.`);
      const checks: Check[] = JSON.parse(await Deno.readTextFile(join(folder, own, "checks.json")));
      const of = (status: Check["status"]) =>
        checks.filter((check) => check.status === status).map(({ id, errorMessage }) =>
          `${id}: ${errorMessage ?? ""}`
        );
      const met = of("SUCCESS").length;
      return { scenario, passed: mark === "✓", met, failures: of("FAILURE"), warnings: of("WARNING") };
    });
    return (await Promise.all(results)).toSorted((a, b) => a.scenario < b.scenario ? -1 : 1);
  });
}
