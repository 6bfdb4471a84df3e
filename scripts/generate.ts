/**
 * Writes every generated file from its source: `deno task generate`.
 *
 * - `--check` writes nothing, names each file that differs from its source, and exits 1 if there is one.
 * - `--refresh-openapi` first fetches the pinned Kubernetes module with `go mod download` and renews the reduced
 *   OpenAPI document; needed only after the pin in `scripts/generate/kubernetes/kinds.ts` has changed.
 * - `--root DIRECTORY` works on another checkout.
 */
import { parseArgs } from "node:util";
import { chartFiles } from "./generate/chart/mod.ts";
import { crdFiles } from "./generate/crd/mod.ts";
import { embeddedFiles } from "./generate/deploy/files.ts";
import { troubleshootingFiles } from "./generate/diagnosis/rules.ts";
import { differing, type GeneratedFile, write } from "./generate/files.ts";
import { refreshExtract } from "./generate/kubernetes/extract.ts";
import { kubernetesFiles } from "./generate/kubernetes/mod.ts";
import { mcpToolFiles } from "./generate/mcp/tools.ts";
import { referenceFiles } from "./generate/reference/mod.ts";
import { rightsFiles } from "./generate/rights/page.ts";

/** What produces files. A new generator is one more entry. */
const GENERATORS: readonly ((root: string) => Promise<GeneratedFile[]>)[] = [
  kubernetesFiles,
  crdFiles,
  embeddedFiles,
  mcpToolFiles,
  troubleshootingFiles,
  referenceFiles,
  rightsFiles,
  chartFiles,
];

const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

function parse(args: string[]) {
  const { values } = parseArgs({
    // `deno task generate -- --check` hands the separator on.
    args: args.filter((arg) => arg !== "--"),
    options: {
      check: { type: "boolean", default: false },
      "refresh-openapi": { type: "boolean", default: false },
      root: { type: "string", default: new URL("..", import.meta.url).pathname.replace(/\/$/, "") },
    },
  });
  return values;
}

/** Runs the command and returns its exit code. */
async function main(args: string[]): Promise<number> {
  let options: ReturnType<typeof parse>;
  try {
    options = parse(args);
  } catch (error) {
    say(`generate: ${error instanceof Error ? error.message : error}`);
    return 2;
  }
  const { root, check } = options;
  if (options["refresh-openapi"]) await refreshExtract(root);
  const files = (await Promise.all(GENERATORS.map((generator) => generator(root)))).flat();
  const stale = await differing(root, files);
  if (check) {
    for (const path of stale) say(`${path} differs from its source: run "deno task generate"`);
    return stale.length === 0 ? 0 : 1;
  }
  await write(root, files.filter((file) => stale.includes(file.path)));
  say(
    stale.length === 0 ? "generated files are up to date" : stale.map((path) => `wrote ${path}`).join("\n"),
  );
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
