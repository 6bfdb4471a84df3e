import assert from "node:assert/strict";
import { memoryFs } from "./memory_fs.ts";

const code = (expected: string) => (error: unknown) => (error as { code?: string }).code === expected;

Deno.test("files and folders are kept in memory as a file system has them", async () => {
  const { promises: fs } = memoryFs();
  await fs.mkdir("/a");
  await fs.mkdir("/a/b/");
  await fs.writeFile("/a/./b/c.txt", "text");
  await fs.writeFile("/a/d", new Uint8Array([1]));
  assert.equal(await fs.readFile("/a/b/c.txt", "utf8"), "text");
  assert.equal(await fs.readFile("/a/b/c.txt", { encoding: "utf8" }), "text");
  assert.deepEqual(await fs.readFile("/a/d"), new Uint8Array([1]));
  assert.deepEqual(await fs.readdir("/a"), ["b", "d"]);
  assert.deepEqual(await fs.readdir("/"), ["a"]);
  const [file, folder] = [await fs.stat("/a/d"), await fs.lstat("/a/b")];
  assert.deepEqual([file.isFile(), file.isDirectory(), file.size, file.isSymbolicLink()], [
    true,
    false,
    1,
    false,
  ]);
  assert.deepEqual([folder.isFile(), folder.isDirectory(), folder.type], [false, true, "dir"]);
  await fs.unlink("/a/d");
  await fs.rmdir("/a/b");
  assert.deepEqual(await fs.readdir("/a"), ["b"]);
});

Deno.test("what is not there, or cannot be, is told as a file system tells it", async () => {
  const { promises: fs } = memoryFs((path) => {
    if (path.endsWith(".pack")) throw new Error("refused");
  });
  for (const call of ["readFile", "stat", "lstat", "readdir", "unlink", "readlink"] as const) {
    await assert.rejects(fs[call]("/none"), code("ENOENT"), call);
  }
  await assert.rejects(fs.mkdir("/none/sub"), code("ENOENT"));
  await fs.mkdir("/a");
  await assert.rejects(fs.mkdir("/a"), code("EEXIST"));
  await assert.rejects(fs.symlink("/b"), code("EPERM"));
  await assert.rejects(fs.writeFile("/x.pack", "x"), /refused/);
});
