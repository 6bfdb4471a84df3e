import assert from "node:assert/strict";
import { join } from "node:path";
import { auditLogs, linkAuditLog } from "./audit_folder.ts";

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("what is written to a log stays in the folder when its cluster has gone", () =>
  inFolder(async (parent) => {
    const [folder, cluster] = [join(parent, "logs"), join(parent, "cluster")];
    await Promise.all([folder, cluster].map((path) => Deno.mkdir(path)));
    const path = join(cluster, "audit.log");
    await linkAuditLog(path, "one", folder);
    await linkAuditLog(join(cluster, "second.log"), "one", folder);
    await Deno.writeTextFile(path, "line\n", { append: true });
    await Deno.remove(cluster, { recursive: true });
    const logs = await auditLogs(folder);
    assert.equal(logs.length, 2);
    assert.deepEqual((await Promise.all(logs.map((log) => Deno.readTextFile(log)))).sort(), ["", "line\n"]);
    assert.match(logs[0] ?? "", /one-[0-9a-f]{8}\.log$/);
  }));

Deno.test("without a folder, and with one that has gone, a log is its cluster's own", () =>
  inFolder(async (parent) => {
    for (const folder of ["", join(parent, "gone")]) {
      await linkAuditLog(join(parent, "audit.log"), "one", folder);
      assert.deepEqual(await Array.fromAsync(Deno.readDir(parent)), []);
    }
  }));

Deno.test("notes beside the logs are no logs", () =>
  inFolder(async (folder) => {
    for (const name of ["b.log", "a.log", "a.log.meant"]) await Deno.writeTextFile(join(folder, name), "");
    assert.deepEqual(await auditLogs(folder), [join(folder, "a.log"), join(folder, "b.log")]);
  }));
