import assert from "node:assert/strict";
import { type ArchiveEntry, bytesOf, newFile, writeTar } from "../../archive/mod.ts";
import { addLayer, inFolder } from "./layers.ts";

const LIMITS = { entries: 10, totalBytes: 10_000 };
const tar = async (entries: readonly ArchiveEntry[]) => new Uint8Array(await bytesOf(writeTar(entries)));
const link = (path: string, target: string): ArchiveEntry => ({
  ...newFile(path, ""),
  kind: "hardlink",
  target,
});

async function made(...layers: (readonly ArchiveEntry[])[]) {
  const all = new Map<string, ArchiveEntry>();
  for (const layer of layers) await addLayer(all, await tar(layer), LIMITS);
  return all;
}

Deno.test("a layer takes away what it says, and a second name becomes a file of its own", async () => {
  const all = await made(
    [newFile("a/x", "x"), newFile("a/y", "y"), newFile("b/z", "z"), newFile("c", "c")],
    [newFile(".wh.a", ""), newFile("b/.wh..wh..opq", ""), newFile("b/new", "n"), link("d", "c")],
  );
  assert.deepEqual([...all.keys()], ["c", "b/new", "d"]);
  assert.deepEqual(inFolder(all, "b").map(({ path }) => path), ["new"]);
  assert.deepEqual(all.get("d")?.kind, "file");
  assert.equal(all.get("d")?.path, "d");
});

Deno.test("what leads out of the archive, to nothing, or is too much, is refused", async () => {
  await assert.rejects(made([link("a", "nowhere")]), /link to nothing/);
  await assert.rejects(
    made(
      Array.from({ length: 6 }, (_, n) => newFile(`a${n}`, "")),
      Array.from({ length: 6 }, (_, n) => newFile(`b${n}`, "")),
    ),
    /more than 10/,
  );
  await assert.rejects(
    addLayer(new Map(), new TextEncoder().encode("x".repeat(1_024)), LIMITS),
    /no entry of a tar/,
  );
  const climbing = await tar([newFile("aaaaa/b", "x")]);
  // The name, and the sum that is over it.
  const name = new TextEncoder().encode("../../b");
  climbing.set(name, 0);
  const sum = [...climbing.subarray(0, 512)].reduce(
    (all, byte, at) => all + (at >= 148 && at < 156 ? 32 : byte),
    0,
  );
  climbing.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  await assert.rejects(addLayer(new Map(), climbing, LIMITS), /cannot be the path/);
  assert.throws(() => inFolder(new Map(), ""), /has no files/);
});
