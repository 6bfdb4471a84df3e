import assert from "node:assert/strict";
import { emptied } from "./folder.ts";

async function made(...names: string[]) {
  const path = await Deno.makeTempDir();
  for (const name of names) await Deno.writeTextFile(`${path}/${name}`, "x");
  const left = async () => (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).sort();
  return { path, names: left, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("a directory of a release is made anew, also one that broke off", async () => {
  for (const names of [[], ["SHA256SUMS", "install.yaml"], ["coder-k8s_0.1.0_linux_amd64.tar.gz"]]) {
    await using place = await made(...names);
    await emptied(place.path);
    assert.deepEqual(await place.names(), []);
  }
  await using place = await made();
  await emptied(`${place.path}/new/below`);
  assert.deepEqual(await place.names(), ["new"]);
});

Deno.test("files of somebody else stay", async () => {
  for (const names of [["main.ts"], ["notes.txt", "coder-k8s_0.1.0_linux_amd64.tar.gz"]]) {
    await using place = await made(...names);
    await assert.rejects(emptied(place.path), /of no release.*--out/);
    assert.deepEqual(await place.names(), names.sort());
  }
});
