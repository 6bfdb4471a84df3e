/**
 * The documents as a site: `deno task docs [--out DIRECTORY]` builds it (`dist/site`), `deno task docs dev [--port N]`
 * serves it while pages are written. Its packages come from npm once; then nothing is fetched.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkLinks, type LinkReport } from "./docs/links.ts";
import { ensureSitePackages } from "./docs/packages.ts";
import { filesBelow, read } from "./lib/files.ts";
import { root, say } from "./lib/run.ts";
import { stopSignals } from "./lib/stop_signals.ts";

const VITEPRESS = "node_modules/vitepress/bin/vitepress.js";
const BUILD_MS = 15 * 60_000;

/** Looks at the links of all documents of the project. */
export async function projectLinks(): Promise<LinkReport> {
  const paths = (await filesBelow("", [".md"])).filter((path) => !path.startsWith("."));
  const there = (path: string) => {
    try {
      Deno.statSync(join(root, path));
      return true;
    } catch {
      return false;
    }
  };
  return checkLinks({ documents: new Map(paths.map((path) => [path, read(path)])), exists: there });
}

/** Runs the site's generator; its exit code, and what it said. */
export async function vitepress(
  args: readonly string[],
  { inherit = false, signal }: { inherit?: boolean; signal: AbortSignal },
): Promise<{ code: number; output: string }> {
  const site = join(root, "site");
  const child = new Deno.Command("node", {
    args: [join(site, VITEPRESS), ...args],
    cwd: site,
    stdin: "null",
    stdout: inherit ? "inherit" : "piped",
    stderr: inherit ? "inherit" : "piped",
    signal,
  });
  if (inherit) return { code: (await child.spawn().status).code, output: "" };
  const { code, stdout, stderr } = await child.output();
  return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** Builds the site. @throws {Error} with what is wrong: dead links, pages without a section, a failed build */
export async function buildSite(out: string): Promise<void> {
  await ensureSitePackages();
  const { problems } = await projectLinks();
  if (problems.length > 0) throw new Error(`dead links:\n${problems.join("\n")}`);
  const signal = AbortSignal.timeout(BUILD_MS);
  const { code, output } = await vitepress(["build", "--outDir", out], { signal });
  if (code !== 0) throw new Error(`vitepress build ended with exit code ${code}:\n${output.trim()}`);
}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: args.filter((arg) => arg !== "--"),
    allowPositionals: true,
    options: {
      out: { type: "string", default: join(root, "dist/site") },
      port: { type: "string", default: "5173" },
    },
  });
  if (positionals[0] === "dev") {
    await ensureSitePackages();
    const stop = new AbortController();
    using _stop = stopSignals((signal) => stop.abort(new Error(signal)));
    return (await vitepress(["dev", "--port", values.port], { inherit: true, signal: stop.signal })).code;
  }
  if (positionals.length > 0) {
    say(`docs: there is no ${JSON.stringify(positionals[0])}: say nothing, or dev`);
    return 2;
  }
  const started = performance.now();
  await buildSite(values.out);
  const { foreign } = await projectLinks();
  await Deno.writeTextFile(join(root, "dist/foreign-links.txt"), foreign.map((href) => `${href}\n`).join(""));
  say(`${values.out}: built in ${((performance.now() - started) / 1_000).toFixed(1)} s`);
  say(`links to elsewhere, which nobody has asked: ${foreign.length}, in dist/foreign-links.txt`);
  return 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    say(`docs: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
