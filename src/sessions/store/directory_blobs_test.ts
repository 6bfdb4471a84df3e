import assert from "node:assert/strict";
import { join } from "node:path";
import { silentLogger } from "../../telemetry/logger.ts";
import { bytesOf, chunksOf, FACTS, testBlobStore } from "./blob_suite.ts";
import { openDirectoryBlobStore } from "./directory_blobs.ts";
import type { BlobStore } from "./types.ts";

const { signal } = new AbortController();
const log = silentLogger;

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "blobs-" });
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

testBlobStore({
  name: "blobs in a directory",
  use: ({ limits, now }, run) =>
    withDirectory(async (directory) => run(await openDirectoryBlobStore({ directory, limits, now, log }))),
});

async function filesOf(directory: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = join(directory, name);
    files.push(...isDirectory ? await filesOf(path) : [path]);
  }
  return files.sort();
}

function withStore(
  run: (store: BlobStore, directory: string, time: { now: number }) => Promise<void>,
): Promise<void> {
  return withDirectory(async (directory) => {
    const time = { now: Date.now() };
    await run(await openDirectoryBlobStore({ directory, log, now: () => time.now }), directory, time);
  });
}

const facts = () => ({ ...FACTS, expiresAt: Date.now() + 3_600_000 });

Deno.test("blobs in a directory: another process finds them", () =>
  withStore(async (store, directory) => {
    const info = await store.write("ann", "ckpt-1", facts(), chunksOf("kept"), signal);
    const again = await openDirectoryBlobStore({ directory, log });
    assert.deepEqual(await again.list("ann", signal), [info]);
    assert.equal(await bytesOf(await again.read("ann", "ckpt-1", signal)), "kept");
  }));

Deno.test("blobs in a directory: room is counted over restarts", () =>
  withStore(async (store, directory) => {
    await store.write("ann", "ckpt-1", facts(), chunksOf("x".repeat(90)), signal);
    const limits = { maxBytes: 100, maxOwnerBytes: 100, maxTotalBytes: 120 };
    const again = await openDirectoryBlobStore({ directory, log, limits });
    await assert.rejects(again.write("ann", "ckpt-2", facts(), chunksOf("x".repeat(11)), signal), {
      code: "limit",
    });
    await again.write("ann", "ckpt-2", facts(), chunksOf("x".repeat(10)), signal);
    await assert.rejects(again.write("bob", "ckpt-1", facts(), chunksOf("x".repeat(21)), signal), {
      code: "limit",
    });
  }));

Deno.test("blobs in a directory: nobody else may read them", () =>
  withStore(async (store, directory) => {
    await Deno.chmod(directory, 0o755);
    await openDirectoryBlobStore({ directory, log });
    assert.equal((await Deno.stat(directory)).mode! & 0o777, 0o700);
    await store.write("ann", "ckpt-1", facts(), chunksOf("kept"), signal);
    const files = await filesOf(directory);
    assert.equal(files.length, 2);
    for (const file of files) assert.equal((await Deno.stat(file)).mode! & 0o777, 0o600);
    assert.ok(!files.some((file) => file.includes("ann")));
  }));

Deno.test("blobs in a directory: nothing is left of what is deleted", () =>
  withStore(async (store, directory) => {
    await store.write("ann", "ckpt-1", facts(), chunksOf("a"), signal);
    await store.delete("ann", "ckpt-1", signal);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(directory)), []);
  }));

Deno.test("blobs in a directory: what a crash has left goes, once nobody can be at it", () =>
  withStore(async (store, directory, time) => {
    await store.write("ann", "ckpt-1", facts(), chunksOf("a"), signal);
    const [file] = await filesOf(directory);
    const home = join(file!, "..");
    for (const name of ["ckpt-2.data", "ckpt-3-0.part"]) await Deno.writeTextFile(join(home, name), "left");
    await Deno.writeTextFile(join(home, "ckpt-4.json"), "{ half");
    assert.equal(await store.get("ann", "ckpt-4", signal), undefined);
    await store.sweep(signal);
    assert.equal((await filesOf(directory)).length, 5);
    time.now += 16 * 60_000;
    assert.equal(await store.sweep(signal), 0);
    assert.equal((await filesOf(directory)).length, 2);
    assert.equal(await bytesOf(await store.read("ann", "ckpt-1", signal)), "a");
  }));

Deno.test("blobs in a directory: a damaged one says so", () =>
  withStore(async (store, directory) => {
    await store.write("ann", "ckpt-1", facts(), chunksOf("whole"), signal);
    const data = (await filesOf(directory)).find((file) => file.endsWith(".data"))!;
    const damaged = { code: "failed", message: /ckpt-1 cannot be read .* take another one/ };
    await Deno.writeTextFile(data, "half");
    await assert.rejects(bytesOf(await store.read("ann", "ckpt-1", signal)), damaged);
    await Deno.writeTextFile(data, "whole and more");
    await assert.rejects(bytesOf(await store.read("ann", "ckpt-1", signal)), damaged);
    await Deno.remove(data);
    await assert.rejects(bytesOf(await store.read("ann", "ckpt-1", signal)), damaged);
  }));

Deno.test("blobs in a directory: what is known of one is not believed of another", () =>
  withStore(async (store, directory) => {
    await store.write("ann", "ckpt-1", facts(), chunksOf("a"), signal);
    const info = (await filesOf(directory)).find((file) => file.endsWith(".json"))!;
    await Deno.writeTextFile(info, (await Deno.readTextFile(info)).replace('"ann"', '"bob"'));
    assert.equal(await store.get("ann", "ckpt-1", signal), undefined);
    await Deno.writeTextFile(info, '{"owner":"ann"}');
    assert.equal(await store.get("ann", "ckpt-1", signal), undefined);
  }));

Deno.test("blobs in a directory: one that cannot be used says so at once", () =>
  withDirectory(async (directory) => {
    const file = join(directory, "file");
    await Deno.writeTextFile(file, "");
    await assert.rejects(openDirectoryBlobStore({ directory: file, log }), {
      code: "failed",
      message: /checkpoints cannot be kept in .*file .*: give a directory/,
    });
  }));
