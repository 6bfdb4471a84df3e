import assert from "node:assert/strict";
import { randomEntries, randomFiles } from "../../tests/archive/random_entries.ts";
import { seededRandom } from "../telemetry/testing/random.ts";
import { checkedFiles } from "./check_files.ts";
import { contentHash } from "./content_hash.ts";
import { type ArchiveEntry, newFile } from "./entry.ts";
import { mergeFiles } from "./merge.ts";
import { FilesError } from "./paths.ts";
import { sourceFilesOf } from "./source_files.ts";

const BINARY = new Uint8Array([0x89, 0x50, 0xff]);
const merge = (base: readonly ArchiveEntry[], files: Record<string, string>) =>
  mergeFiles(base, checkedFiles(files));
const paths = (entries: readonly ArchiveEntry[]) => entries.map(({ path }) => path);
const decoder = new TextDecoder();

Deno.test("text files that are not listed go, binaries stay, new ones come at the end", () => {
  const base = [
    newFile("old.tf", "1"),
    newFile("logo.png", BINARY),
    newFile("main.tf", "1"),
    newFile("b.tf", "1"),
  ];
  const merged = merge(base, { "main.tf": "2", "z.tf": "", "a.tf": "" });
  assert.deepEqual(paths(merged), ["logo.png", "main.tf", "a.tf", "z.tf"]);
  assert.equal(merged[0], base[1]);
  assert.equal(decoder.decode(merged[1]?.content), "2");
});

Deno.test("a file that is replaced keeps its mode, one that stays the same keeps all", () => {
  const base = [newFile("./run.sh", "#!", 0o755), {
    ...newFile("same.sh", "#!", 0o755),
    mtime: 1_700_000_000,
  }];
  const [run, same] = merge(base, { "run.sh": "#! /bin/sh", "same.sh": "#!" });
  assert.deepEqual([run?.path, run?.mode, run?.mtime], ["run.sh", 0o755, 315_532_800]);
  assert.equal(same, base[1]);
  const [blank] = merge([newFile("main.tf", "1", 0)], { "main.tf": "2" });
  assert.equal(blank?.mode, 0o644);
});

Deno.test("no files at all leave what is no text", () => {
  const base = [newFile("a", "1"), newFile("logo.png", BINARY), newFile("d/b", "2")];
  assert.deepEqual(paths(merge(base, {})), ["logo.png"]);
});

Deno.test("a binary whose path is listed becomes that text", () => {
  const [file] = merge([newFile("data", BINARY, 0o755)], { data: "text" });
  assert.deepEqual([decoder.decode(file?.content), file?.mode], ["text", 0o755]);
});

Deno.test("links, files too large and odd paths are kept; of two entries with one path the later one counts", () => {
  const link: ArchiveEntry = { ...newFile("link", ""), kind: "symlink", target: "main.tf" };
  const base = [link, newFile("../odd", "1"), newFile("a", "1"), newFile("./a", "22222222222")];
  assert.deepEqual(paths(mergeFiles(base, new Map(), { fileBytes: 10 })), ["link", "../odd", "./a"]);
  const [replaced] = merge([link], { link: "no link any more" });
  assert.deepEqual([replaced?.kind, replaced?.mode], ["file", 0o644]);
});

Deno.test("a file cannot take the place of a directory in which something stays, nor lie in a file that stays", () => {
  const base = [newFile("dir/logo.png", BINARY), newFile("logo", BINARY), newFile("text", "1")];
  assert.throws(() => merge(base, { dir: "1" }), (error) => {
    assert.ok(error instanceof FilesError);
    assert.deepEqual(error.problems, [{
      path: "dir",
      problem: "is the directory of dir/logo.png, which stays",
    }]);
    return true;
  });
  assert.throws(() => merge(base, { "logo/x": "1" }), /"logo\/x" lies in logo, which is no directory/);
  const directory: ArchiveEntry = { ...newFile("empty/", ""), kind: "directory" };
  assert.deepEqual(paths(merge([directory, newFile("text", "1")], { empty: "1", "text/x": "2" })), [
    "empty",
    "text/x",
  ]);
});

Deno.test("what is merged shows exactly the files that were wanted, and nothing else is lost", () => {
  let checked = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const base = randomEntries(random);
    const files = randomFiles(random, base);
    const wanted = checkedFiles(files);
    const merged = mergeFiles(base, wanted);
    assert.deepEqual(sourceFilesOf(merged).files, Object.fromEntries(wanted), `seed ${seed}`);
    const shown = sourceFilesOf(base).files;
    const hidden = base.filter(({ path }) => !Object.hasOwn(shown, path) && !wanted.has(path));
    for (const entry of hidden) assert.ok(merged.includes(entry), `seed ${seed}: ${entry.path}`);
    // Doing it again changes nothing, whatever was there before.
    assert.deepEqual(mergeFiles(merged, wanted), merged);
    const between = mergeFiles(base, checkedFiles(randomFiles(random)));
    const again = contentHash(mergeFiles(between, wanted));
    const modes = merged.some(({ mode, kind }) => kind === "file" && (mode & 0o111) !== 0);
    if (!modes) assert.equal(again, contentHash(merged), `seed ${seed}`);
    checked += hidden.length;
  }
  assert.ok(checked > 100);
});

Deno.test("merging what is shown changes nothing", () => {
  for (let seed = 400; seed <= 500; seed++) {
    const base = randomEntries(seededRandom(seed));
    assert.deepEqual(merge(base, { ...sourceFilesOf(base).files }), base, `seed ${seed}`);
  }
});
