import assert from "node:assert/strict";
import { KINDS, openTestHost, PATIENCE_MS, run, until } from "./testing.ts";

const MIB = 2 ** 20;

for (const [kind, { options }] of Object.entries(KINDS)) {
  // These have all limits from the same parts as the first.
  if (kind === "user namespaces first" || kind === "no user namespaces") continue;

  Deno.test(`limits: memory, ${kind}`, async () => {
    await using rig = await openTestHost(options);
    const [greedy, other] = [
      await rig.open("sess-greedy", { memoryBytes: 128 * MIB }),
      await rig.open("sess-other"),
    ];
    const hog = await run(greedy, [
      "python3",
      "-c",
      "import time\nkept=[]\nwhile True: kept.append(bytearray(8*2**20)); time.sleep(0.001)",
    ]);
    if (hog.limit === undefined) {
      // The kernel refused it before anybody had to look.
      assert.match(hog.stderr, /MemoryError/, JSON.stringify(hog));
      assert.ok(!rig.host.report.cgroups.includes("memory"));
    } else assert.equal(hog.limit, "memory", JSON.stringify(hog));
    assert.equal((await run(greedy, "echo goes on")).stdout, "goes on\n");
    assert.equal((await run(other, "echo other")).stdout, "other\n");
  });

  Deno.test(`limits: memory of all together, ${kind}`, async () => {
    await using rig = await openTestHost(options);
    const greedy = await rig.open("sess-greedy", { memoryBytes: 200 * MIB });
    // Each may have it; all together may not.
    const ran = await run(greedy, [
      "python3",
      "-c",
      `import os, subprocess, sys
hog = "import time; kept=bytearray(b'x')*(100*2**20); time.sleep(1000)"
for _ in range(3): subprocess.Popen([sys.executable, "-c", hog])
os.wait()
sys.exit(9)`,
    ]);
    assert.notEqual(ran.exitCode, 0);
    assert.equal(ran.limit, "memory", JSON.stringify(ran));
  });

  Deno.test(`limits: CPU time of the session, ${kind}`, async () => {
    await using rig = await openTestHost(options);
    const [greedy, other] = [await rig.open("sess-greedy", { cpuMs: 1_000 }), await rig.open("sess-other")];
    const ran = await run(greedy, "(while :; do :; done) & while :; do :; done");
    assert.equal(ran.limit, "cpu", JSON.stringify(ran));
    assert.ok((await greedy.usage()).cpuMs >= 1_000);
    await assert.rejects(() => run(greedy, "true"), { code: "limit", message: /CPU time/ });
    // Its files can still be had.
    await greedy.file(
      "list",
      { path: ".", depth: 1, limit: 10 },
      undefined,
      AbortSignal.timeout(PATIENCE_MS),
    );
    assert.equal((await run(other, "echo other")).stdout, "other\n");
  });

  Deno.test(`limits: a fork bomb, ${kind}`, async () => {
    await using rig = await openTestHost(options);
    const [greedy, other] = [await rig.open("sess-greedy", { processes: 40 }), await rig.open("sess-other")];
    const bomb = run(greedy, [
      "python3",
      "-c",
      "import os,time\nwhile True:\n try: os.fork()\n except OSError: pass",
    ]);
    assert.equal((await run(other, "echo other")).stdout, "other\n");
    const ran = await bomb;
    assert.ok(ran.limit === "processes", JSON.stringify(ran));
    await until(
      "it is usable again",
      async () => (await run(greedy, "echo again").catch(() => undefined))?.stdout === "again\n",
    );
    assert.equal((await run(other, "echo other")).stdout, "other\n");
  });

  Deno.test(`limits: disk, ${kind}`, async () => {
    await using rig = await openTestHost(options);
    const limit = 64 * MIB;
    const [greedy, other] = [
      await rig.open("sess-greedy", { diskBytes: limit }),
      await rig.open("sess-other"),
    ];
    const one = await run(greedy, "head -c 100000000 /dev/zero > one");
    assert.ok(one.limit === "disk" || one.exitCode !== 0 || one.signal === "SIGXFSZ", JSON.stringify(one));
    await run(greedy, "rm one");
    const many = await run(
      greedy,
      "i=0; while :; do i=$((i+1)); head -c 4000000 /dev/zero > f$i; sleep 0.01; done",
    );
    assert.equal(many.limit, "disk", JSON.stringify(many));
    const used = (await greedy.usage()).diskBytes;
    assert.ok(used > limit && used < 40 * limit, `${used}`);
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const write = () =>
      greedy.file("write", { path: "more", mode: "replace" }, new Uint8Array(4_096), signal);
    await assert.rejects(write, { code: "limit" });
    assert.equal((await run(greedy, "rm -f f*; echo room")).stdout, "room\n");
    assert.ok((await greedy.usage()).diskBytes < limit);
    await write();
    assert.equal((await run(other, "echo other")).stdout, "other\n");
  });

  Deno.test(`limits: open files, ${kind}`, async () => {
    await using rig = await openTestHost(options);
    const sandbox = await rig.open("sess-a", { openFiles: 64 });
    assert.equal((await run(sandbox, "ulimit -n; ulimit -Hn")).stdout, "64\n64\n");
  });
}

Deno.test("limits: shared memory and /dev/shm count, too", async () => {
  await using rig = await openTestHost();
  const sandbox = await rig.open("sess-a", { memoryBytes: 128 * MIB });
  const full = await run(sandbox, "head -c 200000000 /dev/zero > /dev/shm/x");
  assert.notEqual(full.exitCode, 0);
  assert.equal((await run(sandbox, "rm -f /dev/shm/x; echo on")).stdout, "on\n");
});

Deno.test("limits: CPU time counts over all of a session's life, however often it was idle", async () => {
  await using rig = await openTestHost({ idleMs: 50 });
  // Room for what the interpreters and the init take themselves.
  const sandbox = await rig.open("sess-a", { cpuMs: 4_000 });
  const burn = "import time\nwhile time.process_time() < 0.7: pass";
  assert.equal((await run(sandbox, ["python3", "-c", burn])).exitCode, 0);
  const first = (await sandbox.usage()).cpuMs;
  assert.ok(first >= 700, `${first}`);
  await until("it is idle", async () => (await rig.children()).length === 0);
  assert.equal((await run(sandbox, ["python3", "-c", burn])).exitCode, 0);
  assert.ok((await sandbox.usage()).cpuMs >= 1_400);
  const last = await run(sandbox, "while :; do :; done");
  assert.equal(last.limit, "cpu", JSON.stringify(last));
});
