import assert from "node:assert/strict";
import type { Sandbox } from "./types.ts";
import { openTestHost, PATIENCE_MS, run, until } from "./testing.ts";

const MIB = 2 ** 20;

function write(sandbox: Sandbox, path: string, bytes: number) {
  return sandbox.file(
    "write",
    { path, mode: "replace" },
    new Uint8Array(bytes),
    AbortSignal.timeout(PATIENCE_MS),
  );
}

Deno.test("disk: replacing a file again and again takes no more room than the file", async () => {
  await using rig = await openTestHost();
  const sandbox = await rig.open("sess-a", { diskBytes: 8 * MIB });
  for (let i = 0; i < 30; i++) await write(sandbox, "file", 3 * MIB);
  assert.ok((await sandbox.usage()).diskBytes < 4 * MIB);
});

Deno.test("disk: files that are written are refused at the limit, and not before; what is removed makes room", async () => {
  await using rig = await openTestHost();
  const sandbox = await rig.open("sess-a", { diskBytes: 8 * MIB });
  for (let i = 0; i < 7; i++) await write(sandbox, `file-${i}`, MIB - 4_096);
  await assert.rejects(() => write(sandbox, "more", 2 * MIB), { code: "limit" });
  await run(sandbox, "rm file-0 file-1");
  await write(sandbox, "more", 2 * MIB);
  await assert.rejects(() => write(sandbox, "again", 2 * MIB), { code: "limit" });
});

Deno.test("disk: what was there before counts", async () => {
  await using rig = await openTestHost({ idleMs: 50 });
  const sandbox = await rig.open("sess-a", { diskBytes: 8 * MIB });
  await write(sandbox, "file", 7 * MIB);
  await until("it is idle", async () => (await rig.children()).length === 0);
  await assert.rejects(() => write(sandbox, "more", 2 * MIB), { code: "limit" });
  await sandbox.close();
  const again = await rig.open("sess-a", { diskBytes: 8 * MIB });
  await assert.rejects(() => write(again, "more", 2 * MIB), { code: "limit" });
  const usage = await again.usage();
  assert.ok(usage.diskBytes >= 7 * MIB, `${usage.diskBytes}`);
});

Deno.test("disk: it is counted in every directory of the session, at any depth, links once, empty files as well", async () => {
  await using rig = await openTestHost();
  const sandbox = await rig.open();
  const used = async () => (await sandbox.usage()).diskBytes;
  const grows = async (by: number, command: string) => {
    const before = await used();
    const ran = await run(sandbox, command);
    assert.equal(ran.exitCode, 0, ran.stderr);
    const more = await used() - before;
    assert.ok(more >= by && more < by + 12 * MIB, `${command}: ${more}`);
  };
  await grows(5 * MIB, "head -c 5242880 /dev/zero > file");
  await grows(5 * MIB, "head -c 5242880 /dev/zero > ~/file");
  await grows(5 * MIB, "head -c 5242880 /dev/zero > /tmp/file");
  await grows(0, "for i in 1 2 3 4 5 6 7 8 9; do ln file link$i; done");
  await grows(
    5 * MIB,
    `python3 -c 'import os
for i in range(600): os.mkdir("d"); os.chdir("d")
open("deep","wb").write(b"x"*5242880)'`,
  );
  await grows(3000 * 1024, 'python3 -c \'for i in range(3000): open(f"/tmp/empty-{i}","w").close()\'');
  // A file of holes takes no room.
  await grows(0, "truncate -s 1G holes");
});

Deno.test("disk: an idle session's usage is known without a process", async () => {
  await using rig = await openTestHost({ idleMs: 50 });
  const sandbox = await rig.open();
  await write(sandbox, "file", 3 * MIB);
  await until("it is idle", async () => (await rig.children()).length === 0);
  assert.ok((await sandbox.usage()).diskBytes >= 3 * MIB);
  assert.deepEqual(await rig.children(), []);
});
