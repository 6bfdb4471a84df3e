/** How large an image is: what its files take, as engines count it. */
import { join } from "node:path";

/** Bytes of all regular files below a folder; links count what they are, not what they name. */
export async function treeSize(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) bytes += await treeSize(path);
    else if (isFile) bytes += (await Deno.lstat(path)).size;
  }
  return bytes;
}

/** In bytes: the base, the executable, and both, which is the image but for a licence and the list of its parts. */
export async function sizeOf(root: string, binary: string) {
  const base = await treeSize(root);
  const { size } = await Deno.stat(binary);
  return { base, binary: size, image: base + size };
}
