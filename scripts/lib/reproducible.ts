/** Making builds of the same sources equal, wherever and whenever they are made. */
import { createHash } from "node:crypto";
import { join } from "node:path";

/** `name-HASH.js`, as the bundler calls chunks. Its hash depends on where sources and caches lie on the disk. */
const CHUNK = /^(.+)-[A-Z0-9]{8}\.js$/;

/**
 * New names for chunks, by what is in them and not by where they were made. Chunks name each other, so references count
 * by the part of the name that says what they are. Files that are no chunks keep their names.
 *
 * @param files name → text
 * @returns new name → text with the new names in it
 */
export function settleNames(files: ReadonlyMap<string, string>): Map<string, string> {
  const chunks = [...files.keys()].filter((name) => CHUNK.test(name));
  const named = new RegExp(chunks.map((name) => RegExp.escape(name)).join("|"), "g");
  const replace = (text: string, by: (name: string) => string) =>
    chunks.length === 0 ? text : text.replaceAll(named, by);
  const bare = (name: string) => CHUNK.exec(name)?.[1] ?? name;
  const known = chunks
    .map((name) => ({ name, hash: digest(`${bare(name)}\n${replace(files.get(name) ?? "", bare)}`) }))
    .toSorted((a, b) => a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0);
  const names = new Map<string, string>();
  const taken = new Map<string, number>();
  for (const { name, hash } of known) {
    const wanted = `${bare(name)}-${hash.slice(0, 8)}`;
    const times = taken.get(wanted) ?? 0;
    taken.set(wanted, times + 1);
    names.set(name, times === 0 ? `${wanted}.js` : `${wanted}-${times}.js`);
  }
  const settled = (name: string) => names.get(name) ?? name;
  return new Map([...files].map(([name, text]) => [settled(name), replace(text, settled)]));
}

/** {@linkcode settleNames} for a folder; every file's time becomes `built`, which is kept in an executable. */
export async function settleBundle(folder: string, built: Date): Promise<void> {
  const files = await bundleFiles(folder);
  const settled = settleNames(files);
  for (const name of files.keys()) if (!settled.has(name)) await Deno.remove(join(folder, name));
  for (const [name, text] of settled) {
    await Deno.writeTextFile(join(folder, name), text);
    await Deno.utime(join(folder, name), built, built);
  }
  await Deno.utime(folder, built, built);
}

/** One hash of a bundle: names and texts of all files. */
export async function bundleHash(folder: string): Promise<string> {
  const files = [...await bundleFiles(folder)].toSorted(([a], [b]) => a < b ? -1 : 1);
  return digest(files.map(([name, text]) => `${name} ${digest(text)}\n`).join(""));
}

async function bundleFiles(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile && name.endsWith(".js")) files.set(name, await Deno.readTextFile(join(folder, name)));
  }
  return files;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
