import assert from "node:assert/strict";
import { randomEntries } from "../../tests/archive/random_entries.ts";
import { seededRandom } from "../telemetry/testing/random.ts";
import { contentHash } from "./content_hash.ts";
import { withDirectories } from "./directories.ts";
import { type ArchiveEntry, newFile } from "./entry.ts";
import { cleanPath, parents } from "./paths.ts";

const directory = (path: string): ArchiveEntry => ({ ...newFile(path, ""), kind: "directory", mode: 0o755 });
const pathsOf = (entries: readonly ArchiveEntry[]) => withDirectories(entries).map(({ path }) => path);

Deno.test("a file in a directory that is not there gets it, the outer ones first", () => {
  assert.deepEqual(pathsOf([newFile("a/b/c.tf", ""), newFile("a/d.tf", ""), newFile("e.tf", "")]), [
    "a/",
    "a/b/",
    "a/b/c.tf",
    "a/d.tf",
    "e.tf",
  ]);
});

Deno.test("a directory that is there stays where it is, one that comes too late comes once", () => {
  assert.deepEqual(pathsOf([directory("a"), newFile("a/b", ""), newFile("c/d", ""), directory("c/")]), [
    "a",
    "a/b",
    "c/",
    "c/d",
  ]);
  assert.deepEqual(pathsOf([directory("empty/")]), ["empty/"]);
});

Deno.test("odd paths get nothing", () => {
  assert.deepEqual(pathsOf([newFile("../a/b", ""), newFile("/c/d", "")]), ["../a/b", "/c/d"]);
});

Deno.test("whatever is unpacked in order finds its directory, and the content stays the same", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const entries = randomEntries(seededRandom(seed));
    const all = withDirectories(entries);
    const there = new Set<string>();
    for (const { path, kind } of all) {
      const clean = cleanPath(path)!;
      for (const parent of parents(clean)) assert.ok(there.has(parent), `seed ${seed}: ${path}`);
      if (kind === "directory") there.add(clean);
    }
    assert.equal(contentHash(all), contentHash(entries));
    assert.deepEqual(withDirectories(all), all);
  }
});
