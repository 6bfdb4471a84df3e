/** How large the executable and the images are, and what makes them so. */
import { runtimeOf } from "../../scripts/lib/executable.ts";
import { ensureDistrolessRoot, ensureWorkerRoot } from "../image/roots.ts";
import { sizeOf } from "../image/size.ts";
import { compiledBinary } from "./compiled_binary.ts";
import type { Report } from "./report.ts";
import { ToldRows } from "./told_rows.ts";

const MB = 1_000_000;
const BINARY_MOST = 120;
const IMAGE_MOST = 140;

/** Measures; the compiled binary must exist (`deno task compile`). */
export async function measure(): Promise<Report> {
  const rows = new ToldRows();
  const binary = await compiledBinary();
  const product = await sizeOf(await ensureDistrolessRoot(), binary);
  const size = (what: string, bytes: number) =>
    rows.push({ what, measured: shown(bytes), value: bytes / MB });
  const limited = (what: string, bytes: number, most: number) =>
    rows.atMost(most, { what, value: bytes / MB, text: shown(bytes), unit: " MB" });
  limited("the executable", product.binary, BINARY_MOST);
  const runtime = await runtimeOf();
  if (runtime !== undefined) {
    const { size: bytes } = await Deno.stat(runtime);
    size("… of it Deno's runtime", bytes);
    size("… of it the product and its packages, bundled", product.binary - bytes);
  }
  limited("the image, unpacked", product.image, IMAGE_MOST);
  size("… of it the base, distroless cc", product.base);
  size(
    "the image, as it is pulled (gzip)",
    await packed(binary) + await packedTree(await ensureDistrolessRoot()),
  );
  const worker = await sizeOf(await ensureWorkerRoot(), binary);
  size("the workers' image, unpacked", worker.image);
  return { area: "image", rows: rows.list };
}

function shown(bytes: number): string {
  return `${(bytes / MB).toFixed(1)} MB`;
}

async function packed(path: string): Promise<number> {
  return await counted((await Deno.open(path)).readable.pipeThrough(new CompressionStream("gzip")));
}

async function packedTree(folder: string): Promise<number> {
  const child = new Deno.Command("tar", { args: ["-cz", "-C", folder, "."], stdout: "piped" }).spawn();
  const [bytes, { code }] = await Promise.all([counted(child.stdout), child.status]);
  if (code !== 0) throw new Error(`tar -cz ${folder} ended with ${code}`);
  return bytes;
}

async function counted(stream: ReadableStream<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.length;
  return bytes;
}
