import assert from "node:assert/strict";
import { join } from "node:path";
import { cacheHome, exists, namedClusterDir, removeTree, withFileLock, writeWhole } from "./paths.ts";

Deno.test("the cache lies under XDG_CACHE_HOME, else under HOME", () => {
  const env = (values: Record<string, string>) => (name: string) => values[name];
  assert.equal(cacheHome(env({ XDG_CACHE_HOME: "/x", HOME: "/h" })), "/x/coder-k8s");
  assert.equal(cacheHome(env({ HOME: "/h" })), "/h/.cache/coder-k8s");
  assert.throws(() => cacheHome(env({})), /XDG_CACHE_HOME nor HOME/);
});

Deno.test("a cluster's name cannot leave the clusters' directory", () => {
  assert.match(namedClusterDir("dev-2"), /clusters\/dev-2$/);
  for (const name of ["", "..", "a/b", "A", "-a", "a-", "x".repeat(41), "a b"]) {
    assert.throws(() => namedClusterDir(name), /not usable/, `"${name}" must be refused`);
  }
});

Deno.test("a whole file is written for its owner only, and leaves no temporary file", async () => {
  const dir = await Deno.makeTempDir();
  const path = join(dir, "secret");
  await writeWhole(path, "one");
  await writeWhole(path, "two");
  assert.equal(await Deno.readTextFile(path), "two");
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  assert.deepEqual([...Deno.readDirSync(dir)].map(({ name }) => name), ["secret"]);
  await removeTree(dir);
  assert.equal(await exists(dir), false);
});

Deno.test("removing what is not there is fine", async () => {
  await removeTree("/nonexistent/coder-k8s");
  assert.equal(await exists("/nonexistent/coder-k8s"), false);
});

Deno.test("a file lock lets one in at a time and tells the other that it waits", async () => {
  const path = await Deno.makeTempFile();
  const order: string[] = [];
  const entered = Promise.withResolvers<void>();
  const waits = Promise.withResolvers<void>();
  const first = withFileLock(path, async () => {
    order.push("first in");
    entered.resolve();
    await waits.promise;
    order.push("first out");
  });
  await entered.promise;
  const second = withFileLock(path, () => Promise.resolve(order.push("second in")), () => {
    order.push("second waits");
    waits.resolve();
  });
  await Promise.all([first, second]);
  assert.deepEqual(order, ["first in", "second waits", "first out", "second in"]);
  await Deno.remove(path);
});

Deno.test("a file lock is free again after an error", async () => {
  const path = await Deno.makeTempFile();
  await assert.rejects(withFileLock(path, () => Promise.reject(new Error("inside"))), /inside/);
  assert.equal(await withFileLock(path, () => Promise.resolve("in")), "in");
  await Deno.remove(path);
});
