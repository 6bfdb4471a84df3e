import assert from "node:assert/strict";
import { join } from "node:path";
import { bundleHash, settleBundle, settleNames } from "./reproducible.ts";

/** The same three chunks as two machines bundle them: the bundler's hashes differ, nothing else. */
const HERE = new Map([
  ["main.js", `import"./a-AAAAAAA1.js";import("./b-BBBBBBB1.js");`],
  ["a-AAAAAAA1.js", `import"./b-BBBBBBB1.js";export const a=1;`],
  ["b-BBBBBBB1.js", `import"./a-AAAAAAA1.js";export const b=2;`],
]);
const THERE = new Map([
  ["b-ZZZZZZZ9.js", `import"./a-YYYYYYY8.js";export const b=2;`],
  ["main.js", `import"./a-YYYYYYY8.js";import("./b-ZZZZZZZ9.js");`],
  ["a-YYYYYYY8.js", `import"./b-ZZZZZZZ9.js";export const a=1;`],
]);

Deno.test("the same chunks get the same names and texts on every machine", () => {
  const here = settleNames(HERE);
  assert.deepEqual(new Map([...here].toSorted()), new Map([...settleNames(THERE)].toSorted()));
  assert.deepEqual([...here.keys()].map((name) => name.replace(/-[0-9a-f]{8}\.js$/, "-#.js")), [
    "main.js",
    "a-#.js",
    "b-#.js",
  ]);
  const [, a = "", b = ""] = [...here.keys()];
  assert.equal(here.get("main.js"), `import"./${a}";import("./${b}");`);
  assert.equal(here.get(a), `import"./${b}";export const a=1;`);
});

Deno.test("another content is another name, and what names it names it so", () => {
  const changed = new Map(HERE).set("b-BBBBBBB1.js", `import"./a-AAAAAAA1.js";export const b=3;`);
  const [before, after] = [settleNames(HERE), settleNames(changed)];
  const b = (files: Map<string, string>) => [...files.keys()].find((name) => name.startsWith("b-"))!;
  assert.notEqual(b(before), b(after));
  assert.ok(after.get("main.js")!.includes(b(after)));
});

Deno.test("chunks of equal content do not become one", () => {
  const twins = new Map([["x-AAAAAAAA.js", "export{}"], ["x-BBBBBBBB.js", "export{}"]]);
  const settled = settleNames(twins);
  assert.equal(settled.size, 2);
  assert.match([...settled.keys()].join(" "), /^x-[0-9a-f]{8}\.js x-[0-9a-f]{8}-1\.js$/);
});

Deno.test("a bundle without chunks stays as it is", () => {
  const one = new Map([["main.js", "chunk-AAAAAAAA.js is only words"]]);
  assert.deepEqual(settleNames(one), one);
});

Deno.test("a folder is settled: names, texts, times; its hash says whether two are equal", async () => {
  const folders = [await Deno.makeTempDir(), await Deno.makeTempDir()];
  try {
    for (const [index, files] of [HERE, THERE].entries()) {
      for (const [name, text] of files) await Deno.writeTextFile(join(folders[index]!, name), text);
    }
    const hashes = async () => await Promise.all(folders.map(bundleHash));
    const [before, other] = await hashes();
    assert.notEqual(before, other);
    const built = new Date("2026-01-02T03:04:05Z");
    for (const folder of folders) await settleBundle(folder, built);
    const [after, same] = await hashes();
    assert.equal(after, same);
    const names = [...Deno.readDirSync(folders[0]!)].map(({ name }) => name);
    assert.equal(names.length, 3, "old names are gone");
    for (const name of names) {
      assert.equal((await Deno.stat(join(folders[0]!, name))).mtime?.getTime(), built.getTime());
    }
  } finally {
    for (const folder of folders) await Deno.remove(folder, { recursive: true });
  }
});
