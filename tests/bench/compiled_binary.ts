/** The binary that is measured. */

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** Its path: what `BENCH_BINARY` names, else what `deno task compile` makes. Throws where it is not there yet. */
export async function compiledBinary(): Promise<string> {
  const binary = Deno.env.get("BENCH_BINARY") ?? `${root}/dist/coder-k8s`;
  await Deno.stat(binary).catch((cause) => {
    throw new Error(`${binary} does not exist: run \`deno task compile\` first`, { cause });
  });
  return binary;
}
