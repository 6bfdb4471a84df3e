import assert from "node:assert/strict";
import { tar } from "../../tests/coder/tar.ts";
import { ALPHANUMERIC, below, seededRandom, text } from "../telemetry/testing/random.ts";
import { archive } from "../../tests/archive/odd_tar.ts";
import { ArchiveError } from "./entry.ts";
import { readTar } from "./tar_read.ts";

const decoder = new TextDecoder();
const read = (bytes: Uint8Array) =>
  [...readTar(bytes)].filter(({ kind }) => kind === "file")
    .map(({ path, content }) => [path, decoder.decode(content)]);

Deno.test("files come with their paths and contents", () => {
  const files = { "main.tf": "resource\n", "dir/empty.txt": "", "big.txt": "x".repeat(5_000) };
  assert.deepEqual(Object.fromEntries(read(tar(files))), files);
});

Deno.test("an empty archive has no files", () => {
  assert.deepEqual(read(tar({})), []);
  assert.deepEqual(read(new Uint8Array()), []);
});

Deno.test("directories, links and devices are told from files", () => {
  const bytes = archive([
    { path: "dir/", type: "5" },
    { path: "link", type: "2" },
    { path: "device", type: "3" },
    { path: "old/", type: "0" },
    { path: "a", content: "1" },
    { path: "b", content: "2", type: "\0" },
    { path: "c", content: "3", type: "7" },
  ]);
  assert.deepEqual(read(bytes), [["a", "1"], ["b", "2"], ["c", "3"]]);
  assert.deepEqual([...readTar(bytes)].map(({ path, kind }) => [path, kind]).slice(0, 4), [
    ["dir/", "directory"],
    ["link", "symlink"],
    ["device", "other"],
    ["old/", "directory"],
  ]);
});

Deno.test("long paths come from the prefix, from pax records and from GNU's entries", () => {
  const long = `${"directory/".repeat(20)}main.tf`;
  const record = (line: string) => {
    const length = line.length + 5;
    return `${length} ${line}\n`.padStart(length);
  };
  const pax = record(`path=${long}`);
  assert.equal(Number(pax.split(" ", 1)[0]), pax.length);
  const bytes = archive([
    { path: "name.tf", prefix: "some/prefix", content: "1" },
    { path: "pax", type: "x", content: pax },
    { path: "short", content: "2" },
    { path: "gnu", type: "L", content: `${long}.gnu\0` },
    { path: "short", content: "3" },
    { path: "global", type: "g", content: "12 comment=x\n" },
    { path: "plain", content: "4" },
  ]);
  assert.deepEqual(read(bytes), [
    ["some/prefix/name.tf", "1"],
    [long, "2"],
    [`${long}.gnu`, "3"],
    ["plain", "4"],
  ]);
});

Deno.test("what is no archive is said to be none", () => {
  for (const bytes of [new TextEncoder().encode("<html>".repeat(200)), new Uint8Array(512).fill(7)]) {
    assert.throws(() => read(bytes), ArchiveError);
  }
});

Deno.test("an archive that ends too soon, or lies about its sizes, is refused", () => {
  const whole = tar({ "main.tf": "x".repeat(2_000) });
  assert.throws(() => read(whole.subarray(0, 1_024)), /ends within an entry/);
  assert.throws(() => read(archive([{ path: "a", size: "99999999999" }])), ArchiveError);
  assert.throws(() => read(archive([{ path: "a", type: "x", content: "999 path=b\n" }])), /pax records/);
  assert.throws(() => read(archive([{ path: "a", type: "x", content: "nonsense" }])), /pax records/);
});

Deno.test("no bytes make the reader do anything but read or refuse", () => {
  const random = seededRandom(3);
  const whole = tar({ "main.tf": "resource\n", "b.tf": text(random, 700, ALPHANUMERIC) });
  for (let round = 0; round < 2_000; round++) {
    const bytes = whole.slice(0, below(random, whole.length + 1));
    for (let change = 0; change < below(random, 5) && bytes.length > 0; change++) {
      bytes[below(random, bytes.length)] = below(random, 256);
    }
    try {
      read(bytes);
    } catch (error) {
      assert.ok(error instanceof ArchiveError, String(error));
    }
  }
});

Deno.test("modes, dates and targets of links are read, from pax records too", () => {
  const record = (line: string) => `${line.length + 4} ${line}\n`;
  const bytes = archive([
    { path: "run.sh", content: "#!", mode: "0000755" },
    { path: "x", type: "x", content: record("mtime=1700000000.5") + record("linkpath=to/far") },
    { path: "link", type: "2" },
    { path: "k", type: "K", content: "to/there\0" },
    { path: "hard", type: "1" },
  ]);
  const [program, link, hard] = [...readTar(bytes)];
  assert.deepEqual([program?.mode, program?.mtime, program?.target], [0o755, 0, undefined]);
  assert.deepEqual([link?.kind, link?.target, link?.mtime], ["symlink", "to/far", 1_700_000_000.5]);
  assert.deepEqual([hard?.kind, hard?.target, hard?.mtime], ["hardlink", "to/there", 0]);
});

Deno.test("an archive of too many entries is refused", () => {
  const bytes = tar({ a: "1", b: "2", c: "3" });
  assert.equal([...readTar(bytes, { entries: 3 })].length, 3);
  assert.throws(() => [...readTar(bytes, { entries: 2 })], /more than 2 entries/);
});
