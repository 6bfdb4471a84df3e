/**
 * Writes every generated file from its source: `deno task generate`.
 *
 * - `--check` writes nothing, names each file that differs from its source, and exits 1 if there is one.
 * - `--refresh-openapi` first fetches the pinned Kubernetes module with `go mod download` and renews the reduced
 *   OpenAPI document; needed only after the pin in `scripts/generate/kubernetes/kinds.ts` has changed.
 */
import { crdFiles } from "./generate/crd/mod.ts";
import { differing, type GeneratedFile, write } from "./generate/files.ts";
import { refreshExtract } from "./generate/kubernetes/extract.ts";
import { kubernetesFiles } from "./generate/kubernetes/mod.ts";

/** What produces files. A new generator is one more entry. */
const GENERATORS: readonly ((root: string) => Promise<GeneratedFile[]>)[] = [kubernetesFiles, crdFiles];

const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

if (import.meta.main) Deno.exit(await main(Deno.args));

/** Runs the command and returns its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const unknown = args.filter((arg) => !["--", "--check", "--refresh-openapi"].includes(arg));
  if (unknown.length > 0) {
    say(`generate: unknown argument ${unknown.join(" ")}; known are --check and --refresh-openapi`);
    return 2;
  }
  const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
  if (args.includes("--refresh-openapi")) await refreshExtract(root);
  const files = (await Promise.all(GENERATORS.map((generator) => generator(root)))).flat();
  const stale = await differing(root, files);
  if (args.includes("--check")) {
    for (const path of stale) say(`${path} differs from its source: run "deno task generate"`);
    return stale.length === 0 ? 0 : 1;
  }
  await write(root, files.filter((file) => stale.includes(file.path)));
  say(
    stale.length === 0 ? "generated files are up to date" : stale.map((path) => `wrote ${path}`).join("\n"),
  );
  return 0;
}
