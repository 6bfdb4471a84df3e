/** `deno task sbom [--out FILE]`: what is in the executable, as CycloneDX. @default dist/coder-k8s.cdx.json */
import { parseArgs } from "node:util";
import { root, say } from "./lib/run.ts";
import { buildStamp } from "./lib/stamp.ts";
import { binarySbom } from "./sbom/binary.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));

/** Writes it. Returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const { values } = parseArgs({
      args: args.filter((arg) => arg !== "--"),
      options: { out: { type: "string", default: `${root}/dist/coder-k8s.cdx.json` } },
    });
    const document = await binarySbom(await buildStamp(root));
    await Deno.writeTextFile(values.out, JSON.stringify(document, null, 2) + "\n");
    say(`${values.out}\n${(document["components"] as unknown[]).length} components`);
    return 0;
  } catch (error) {
    say(`sbom: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
