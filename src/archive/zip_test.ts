import assert from "node:assert/strict";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { randomEntries } from "../../tests/archive/random_entries.ts";
import { below, seededRandom } from "../telemetry/testing/random.ts";
import { ArchiveError, newFile } from "./entry.ts";
import { isZip, readArchive } from "./read.ts";
import { bytesOf, writeTar } from "./tar_write.ts";
import { readZip } from "./zip_read.ts";
import { writeZip } from "./zip_write.ts";

Deno.test("what a zip archive was made of comes out of it: order, modes, directories, links, binaries", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const entries = randomEntries(seededRandom(seed));
    const read = await readZip(await writeZip(entries));
    const plain = (all: typeof entries) =>
      all.map(({ mtime: _, mode, kind, ...rest }) => {
        return { ...rest, kind, ...(kind === "symlink" ? {} : { mode }) };
      });
    assert.deepEqual(plain(read), plain(entries), `seed ${seed}`);
  }
});

Deno.test("a zip archive is dated 1980, and equal entries make equal bytes", async () => {
  const entries = [newFile("main.tf", "x".repeat(5_000)), newFile("run.sh", "#!", 0o755)];
  const bytes = await writeZip(entries);
  assert.deepEqual(bytes, await writeZip(structuredClone(entries)));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  // Time and date of the first local header: midnight, the first of January of the first year.
  assert.deepEqual([view.getUint16(10, true), view.getUint16(12, true)], [0, 0x21]);
  const dates = (await readZip(bytes)).map(({ mtime }) => new Date(mtime * 1_000).getFullYear());
  assert.deepEqual(dates, [1980, 1980]);
  assert.ok(bytes.length < 1_000);
});

Deno.test("entries without mode and with the zero date, as the Go server stored them, are files like any other", async () => {
  const bytes = (await writeZip([newFile("main.tf", "x")])).slice();
  const directory = bytes.findIndex((_, index) => bytes[index] === 0x50 && bytes[index + 2] === 1);
  // Date and time in both headers; version and attributes in the directory's.
  for (const [offset, length] of [[10, 4], [directory + 12, 4], [directory + 38, 4]] as const) {
    bytes.fill(0, offset, offset + length);
  }
  const [file] = await readZip(bytes);
  assert.deepEqual([file?.path, file?.kind, file?.mode], ["main.tf", "file", 0]);
  assert.ok(Number.isInteger(file?.mtime));
});

Deno.test("a zip bomb is stopped at the limit, whatever size it claims", async () => {
  const zip = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false, dataDescriptor: false });
  await zip.add("bomb", new Uint8ArrayReader(new Uint8Array(20 << 20)));
  const honest = await zip.close();
  assert.ok(honest.length < 100_000);
  await assert.rejects(readZip(honest, { totalBytes: 1 << 20 }), /unpacks to more than 1048576 bytes/);
  const lying = honest.slice();
  const view = new DataView(lying.buffer);
  const directory = lying.findLastIndex((_, index) =>
    view.byteLength > index + 4 && view.getUint32(index, true) === 0x02014b50
  );
  for (const offset of [22, directory + 24]) view.setUint32(offset, 10, true);
  await assert.rejects(readZip(lying, { totalBytes: 1 << 20 }), ArchiveError);
  const [whole] = await readZip(honest);
  assert.equal(whole?.content.length, 20 << 20);
});

Deno.test("contents count together, and so do entries", async () => {
  const bytes = await writeZip([newFile("a", "x".repeat(600)), newFile("b", "x".repeat(600))]);
  await assert.rejects(readZip(bytes, { totalBytes: 1_199 }), /more than 1199 bytes/);
  assert.equal((await readZip(bytes, { totalBytes: 1_200, entries: 2 })).length, 2);
  await assert.rejects(readZip(bytes, { entries: 1 }), /more than 1 entries/);
});

Deno.test("encrypted archives are refused, the entry named", async () => {
  const zip = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false, password: "secret" });
  await zip.add("main.tf", new Uint8ArrayReader(new Uint8Array(10)));
  await assert.rejects(zip.close().then((bytes) => readZip(bytes)), /"main.tf" is encrypted/);
});

Deno.test("hard links have no place in a zip archive, devices are left out", async () => {
  const hard = { ...newFile("h", ""), kind: "hardlink" as const, target: "a" };
  await assert.rejects(writeZip([hard]), /"h" is a hard link/);
  const device = { ...newFile("d", ""), kind: "other" as const };
  assert.deepEqual(await readZip(await writeZip([device])), []);
});

Deno.test("no bytes make the reader do anything but read or refuse", async () => {
  const random = seededRandom(9);
  const whole = await writeZip([newFile("main.tf", "resource\n".repeat(50)), newFile("b", "2")]);
  for (let round = 0; round < 200; round++) {
    const bytes = whole.slice(0, below(random, 4) === 0 ? below(random, whole.length + 1) : whole.length);
    for (let change = below(random, 5); change > 0 && bytes.length > 0; change--) {
      bytes[below(random, bytes.length)] = below(random, 256);
    }
    await readZip(bytes, { totalBytes: 1 << 20 }).catch((error: unknown) => {
      assert.ok(error instanceof ArchiveError, String(error));
    });
  }
});

Deno.test("an archive is read by what it is, not by what it is called", async () => {
  const entries = [newFile("main.tf", "x")];
  const [zip, tar] = [await writeZip(entries), bytesOf(writeTar(entries))];
  assert.deepEqual([isZip(zip), isZip(tar), isZip(await writeZip([])), isZip(new Uint8Array())], [
    true,
    false,
    true,
    false,
  ]);
  for (const bytes of [zip, tar]) {
    assert.deepEqual((await readArchive(bytes)).map(({ path }) => path), ["main.tf"]);
  }
  await assert.rejects(readArchive(new TextEncoder().encode("PK\x03\x04 and no more")), ArchiveError);
  await assert.rejects(readArchive(new Uint8Array(600).fill(1)), ArchiveError);
});
