import assert from "node:assert/strict";
import { DiskStore, StoreFull } from "./disk_store.ts";
import { temporaryDirectory } from "./testing/rig.ts";

async function put(store: DiskStore, name: string, bytes: number): Promise<void> {
  const draft = await store.draft();
  await draft.write(new Uint8Array(bytes));
  await draft.keep(name);
}

async function sizeOf(store: DiskStore, name: string): Promise<number | undefined> {
  const found = await store.read(name);
  found?.file.close();
  return found?.size;
}

Deno.test("what was used longest ago goes first, and is found again in that order", async () => {
  await using directory = await temporaryDirectory();
  const store = await DiskStore.open(`${directory.path}/c`, 1_000);
  for (const name of ["file-a", "file-b", "file-c"]) await put(store, name, 300);
  assert.equal(await sizeOf(store, "file-a"), 300);
  await put(store, "file-d", 300);
  assert.ok(!store.has("file-b"));
  assert.equal(await sizeOf(store, "file-b"), undefined);
  assert.equal(await sizeOf(store, "file-a"), 300);
  assert.equal(store.bytes, 900);
  // Times of files are coarser than this test is quick.
  for (const [index, name] of ["file-c", "file-d", "file-a"].entries()) {
    await Deno.utime(`${directory.path}/c/${name}`, 1_000 + index, 1_000 + index);
  }
  const smaller = await DiskStore.open(`${directory.path}/c`, 650);
  assert.ok(!smaller.has("file-c"));
  assert.equal(smaller.bytes, 600);
});

Deno.test("drafts count, are seen by nobody, and are nothing when dropped", async () => {
  await using directory = await temporaryDirectory();
  const store = await DiskStore.open(directory.path, 1_000);
  const draft = await store.draft();
  await draft.write(new Uint8Array(900));
  assert.equal(store.bytes, 900);
  const other = await store.draft();
  await assert.rejects(other.write(new Uint8Array(200)), StoreFull);
  await other.drop();
  await draft.drop();
  await draft.drop();
  assert.equal(store.bytes, 0);
  assert.deepEqual([...Deno.readDirSync(`${directory.path}/drafts`)], []);
});

Deno.test("who reads what has to go, reads on", async () => {
  await using directory = await temporaryDirectory();
  const store = await DiskStore.open(directory.path, 1_000);
  await put(store, "file-a", 600);
  const found = (await store.read("file-a"))!;
  await put(store, "file-b", 600);
  const buffer = new Uint8Array(1_000);
  assert.equal(await found.file.read(buffer), 600);
  found.file.close();
});

Deno.test("what was taken away by hand is not there, and what others left is not touched", async () => {
  await using directory = await temporaryDirectory();
  const store = await DiskStore.open(directory.path, 1_000);
  await put(store, "file-a", 100);
  await Deno.remove(`${directory.path}/file-a`);
  assert.equal(await sizeOf(store, "file-a"), undefined);
  assert.equal(store.bytes, 0);
  await Deno.writeTextFile(`${directory.path}/README`, "mine");
  await Deno.writeTextFile(`${directory.path}/drafts/old`, "x");
  await Deno.utime(`${directory.path}/drafts/old`, 0, 0);
  await DiskStore.open(directory.path, 1_000);
  assert.equal(await Deno.readTextFile(`${directory.path}/README`), "mine");
  await assert.rejects(Deno.stat(`${directory.path}/drafts/old`), Deno.errors.NotFound);
});

Deno.test("names are names and no paths", async () => {
  await using directory = await temporaryDirectory();
  const store = await DiskStore.open(directory.path, 1_000);
  for (const name of ["../x", "a", "drafts", "file-A", ""]) {
    await assert.rejects(store.read(name), /no name/, name);
  }
});
