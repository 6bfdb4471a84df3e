/** The binary that is measured. */

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** Its path. Throws where it is not there yet. */
export async function compiledBinary(): Promise<string> {
  const binary = `${root}/dist/coder-k8s`;
  await Deno.stat(binary).catch((cause) => {
    throw new Error("dist/coder-k8s does not exist: run `deno task compile` first", { cause });
  });
  return binary;
}
