import assert from "node:assert/strict";
import { randomEntries } from "../../tests/archive/random_entries.ts";
import { seededRandom } from "../telemetry/testing/random.ts";
import { type ArchiveEntry, ArchiveError, FIRST_DAY, newFile } from "./entry.ts";
import { readTar } from "./tar_read.ts";
import { bytesOf, writeTar } from "./tar_write.ts";

const roundTrip = (entries: readonly ArchiveEntry[]) => [...readTar(bytesOf(writeTar(entries)))];

Deno.test("whatever is written is read again, byte by byte and in its order", () => {
  for (let seed = 1; seed <= 150; seed++) {
    const entries = randomEntries(seededRandom(seed), { hardlinks: true });
    assert.deepEqual(roundTrip(entries), entries, `seed ${seed}`);
  }
});

Deno.test("the size that is told is the size that is sent, and equal entries make equal bytes", () => {
  const entries = randomEntries(seededRandom(5));
  const stream = writeTar(entries);
  const sizes = [...stream.chunks()].reduce((sum, { length }) => sum + length, 0);
  assert.equal(stream.size, sizes);
  assert.equal(stream.size % 512, 0);
  assert.deepEqual(bytesOf(stream), bytesOf(writeTar(structuredClone(entries))));
});

Deno.test("contents are passed on without a copy", () => {
  const file = newFile("main.tf", new Uint8Array(1_000));
  assert.ok([...writeTar([file]).chunks()].includes(file.content));
});

Deno.test("dates that are none become 1980, and modes 0644 or 0755", () => {
  const written = (mtime: number, mode: number, kind: ArchiveEntry["kind"] = "file") => {
    const [entry] = roundTrip([{ path: "a", kind, mode, mtime, content: new Uint8Array() }]);
    return [entry?.mtime, entry?.mode];
  };
  assert.deepEqual(written(0, 0), [FIRST_DAY, 0o644]);
  assert.deepEqual(written(4_354_819_198, 0o600), [FIRST_DAY, 0o644]);
  assert.deepEqual(written(1_700_000_000.9, 0o4711), [1_700_000_000, 0o755]);
  assert.deepEqual(written(NaN, 0o700, "directory"), [FIRST_DAY, 0o755]);
});

Deno.test("devices are not written", () => {
  const device: ArchiveEntry = { ...newFile("dev", ""), kind: "other" };
  assert.deepEqual(roundTrip([device, newFile("a", "1")]).map(({ path }) => path), ["a"]);
});

Deno.test("paths of any length and alphabet fit", () => {
  for (const length of [1, 99, 100, 101, 155, 156, 255, 256, 257, 1_000, 10_000]) {
    for (const parts of [1, 3, 30]) {
      const path = Array.from({ length: parts }, (_, index) => `${index}`.padEnd(length / parts, "ä")).join(
        "/",
      );
      const [file, directory, link] = roundTrip([
        newFile(path, "1"),
        { ...newFile(`${path}.d/`, ""), kind: "directory" },
        { ...newFile("link", ""), kind: "symlink", target: path },
      ]);
      assert.deepEqual([file?.path, directory?.path, link?.target], [path, `${path}.d/`, path]);
    }
  }
});

Deno.test("what cannot be a path is refused", () => {
  for (const path of ["", "a\0b"]) assert.throws(() => writeTar([newFile(path, "")]), ArchiveError);
});
