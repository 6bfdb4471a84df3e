import assert from "node:assert/strict";
import { randomEntries } from "../../tests/archive/random_entries.ts";
import { seededRandom } from "../telemetry/testing/random.ts";
import { contentHash, textHash } from "./content_hash.ts";
import { newFile } from "./entry.ts";
import { readArchive } from "./read.ts";
import { bytesOf, writeTar } from "./tar_write.ts";
import { writeZip } from "./zip_write.ts";

Deno.test("order, dates, entries of directories and the format of the archive do not matter", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const entries = randomEntries(seededRandom(seed));
    const hash = contentHash(entries);
    assert.match(hash, /^sha256:[0-9a-f]{64}$/);
    const turned = entries.toReversed().map((entry) => ({ ...entry, mtime: 7 }));
    assert.equal(contentHash(turned), hash);
    assert.equal(contentHash([...entries, { ...newFile("more/", ""), kind: "directory" }]), hash);
    for (const bytes of [await writeZip(entries), bytesOf(writeTar(turned))]) {
      assert.equal(contentHash(await readArchive(bytes)), hash, `seed ${seed}`);
    }
  }
});

Deno.test("content, paths and the right to execute do matter", () => {
  const base = newFile("a", "1");
  const others = [
    newFile("a", "2"),
    newFile("b", "1"),
    newFile("a", "1", 0o755),
    { ...newFile("a", ""), kind: "symlink" as const, target: "1" },
  ];
  const hashes = new Set([base, ...others].map((entry) => contentHash([entry])));
  assert.equal(hashes.size, 5);
  assert.notEqual(contentHash([]), contentHash([base]));
  assert.equal(contentHash([newFile("./a", "1", 0)]), contentHash([base]));
  assert.equal(contentHash([newFile("a", "2"), base]), contentHash([base]));
});

Deno.test("paths with line breaks cannot pretend to be other files", () => {
  const line = `1 text ${"0".repeat(64)}`;
  assert.notEqual(textHash({ [`a ${line}\nb`]: "1" }), textHash({ a: "1", b: "1" }));
});

Deno.test("texts are hashed in whatever order they come", () => {
  assert.equal(textHash({ a: "1", b: "2" }), textHash(new Map([["b", "2"], ["a", "1"]])));
  assert.notEqual(textHash({ a: "1" }), textHash({ a: "2" }));
});
