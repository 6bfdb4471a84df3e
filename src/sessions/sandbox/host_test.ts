import assert from "node:assert/strict";
import { STANDARD_LIMITS } from "../types.ts";
import { KINDS, openTestHost, ownUids, PATIENCE_MS, run, until } from "./testing.ts";

const signal = () => AbortSignal.timeout(PATIENCE_MS);

Deno.test("a host: sessions are made, found again, and removed with whatever is in them", async (t) => {
  await using rig = await openTestHost();

  await t.step("ids that are no names are refused", async () => {
    for (const id of ["", "..", "a/b", "/etc", ".hidden", "a\0b", "x".repeat(65)]) {
      await assert.rejects(() => rig.open(id), { code: "invalid" }, JSON.stringify(id));
      await assert.rejects(() => rig.host.remove(id, signal()), { code: "invalid" }, JSON.stringify(id));
    }
  });

  await t.step("opening twice is opening once", async () => {
    const one = await rig.open("sess-1");
    assert.equal(await rig.open("sess-1"), one);
    await run(one, "echo x > file");
  });

  await t.step("what is not there cannot be found", async () => {
    await assert.rejects(
      () => rig.host.open("sess-none", { limits: STANDARD_LIMITS, existing: true }, signal()),
      { code: "not_found" },
    );
  });

  await t.step("closed, it is opened again with its files", async () => {
    const before = await rig.open("sess-1");
    await before.close();
    const after = await rig.host.open("sess-1", { limits: STANDARD_LIMITS, existing: true }, signal());
    assert.notEqual(after, before);
    assert.equal((await run(after, "cat file")).stdout, "x\n");
  });

  await t.step("each has a uid of its own, and its directory is nobody else's", async () => {
    await rig.open("sess-2");
    const [one, two] = await Promise.all(
      ["sess-1", "sess-2"].map((id) => Deno.stat(`${rig.directory}/${id}/workspace`)),
    );
    assert.notEqual(one!.uid, two!.uid);
    assert.equal(one!.mode! & 0o777, 0o700);
    assert.equal((await Deno.stat(rig.directory)).mode! & 0o777, 0o700);
  });

  await t.step(
    "directories without rights, of great depth, with names that are no text: all of it goes",
    async () => {
      const sandbox = await rig.open("sess-1");
      const made = await run(sandbox, [
        "python3",
        "-c",
        `import os
for i in range(2000):
    os.mkdir("d"); os.chdir("d")
os.chdir("/workspace")
os.mkdir(b"\\xff\\xfe")
os.symlink("/etc", "link")
os.mkdir("closed"); open("closed/file", "w").close(); os.chmod("closed", 0)
os.mkfifo("fifo")
os.link("file", "closed2") if os.path.exists("file") else None`,
      ]);
      assert.equal(made.exitCode, 0, made.stderr);
      await rig.host.remove("sess-1", signal());
      await assert.rejects(() => Deno.lstat(`${rig.directory}/sess-1`), Deno.errors.NotFound);
      assert.ok((await Deno.stat("/etc")).isDirectory);
    },
  );

  await t.step("removing what is not there is done", async () => {
    await rig.host.remove("sess-1", signal());
  });

  await t.step("a removed session is over; one of its name is a new one", async () => {
    const sandbox = await rig.open("sess-3");
    await run(sandbox, "echo x > file");
    await rig.host.remove("sess-3", signal());
    await assert.rejects(() => run(sandbox, "true"), { code: "session_ended" });
    assert.equal((await run(await rig.open("sess-3"), "ls")).stdout, "");
  });
});

for (const kind of ["user namespaces after the mounts", "not root", "no namespaces"] as const) {
  Deno.test(`a host: what an earlier process has left is told, found and removed: ${kind}`, async () => {
    const { options } = KINDS[kind];
    await using rig = await openTestHost(options);
    await run(await rig.open("sess-left"), "mkdir -p a/b; echo x > a/b/file; chmod 500 a/b");
    await rig.open("sess-other");
    await rig.host.close();
    await using again = await rig.openAgain();
    assert.deepEqual(await again.host.leftovers(), ["sess-left", "sess-other"]);
    const found = await again.host.open("sess-left", { limits: STANDARD_LIMITS, existing: true }, signal());
    assert.deepEqual(await again.host.leftovers(), ["sess-other"]);
    assert.equal((await run(found, "cat a/b/file; echo y > new; cat new")).stdout, "x\ny\n");
    await again.host.remove("sess-left", signal());
    await again.host.remove("sess-other", signal());
    assert.deepEqual(await again.host.leftovers(), []);
  });
}

Deno.test("a host: files that another worker's uids own become the session's", async () => {
  const [first, second] = [ownUids(), ownUids()];
  await using rig = await openTestHost({ uids: { first, count: 10 } });
  await run(await rig.open("sess-moved"), "mkdir d; echo x > d/file; ln -s /etc/passwd link");
  await rig.host.close();
  await using again = await rig.openAgain({ uids: { first: second, count: 10 } });
  const found = await again.host.open("sess-moved", { limits: STANDARD_LIMITS, existing: true }, signal());
  assert.equal((await run(found, "cat d/file; echo y >> d/file; tail -1 d/file")).stdout, "x\ny\n");
  const owner = (await Deno.stat(`${rig.directory}/sess-moved/workspace/d/file`)).uid!;
  assert.ok(owner >= second && owner < second + 10);
  assert.equal((await Deno.stat("/etc/passwd")).uid, 0);
});

Deno.test("a host: where all uids are in use, the next session is refused, and gets one that is given back", async () => {
  await using rig = await openTestHost({ uids: { first: ownUids(), count: 2 } });
  await rig.open("sess-1");
  await rig.open("sess-2");
  await assert.rejects(() => rig.open("sess-3"), { code: "no_capacity", message: /close sessions/ });
  await rig.host.remove("sess-1", signal());
  await rig.open("sess-3");
});

for (const kind of ["user namespaces after the mounts", "not root", "no namespaces"] as const) {
  Deno.test(`an idle session has no process, and has one with the next call: ${kind}`, async () => {
    await using rig = await openTestHost({ ...KINDS[kind].options, idleMs: 50 });
    const sandbox = await rig.open();
    assert.deepEqual(await rig.children(), []);
    for (let i = 0; i < 5; i++) {
      assert.equal((await run(sandbox, `echo ${i} >> file; wc -l < file`)).stdout.trim(), `${i + 1}`);
      await until("it has no process", async () => (await rig.children()).length === 0);
    }
    // With a process it stays, also where nobody has asked for that.
    await run(sandbox, "setsid sleep 1000 > /dev/null 2>&1 &");
    const [init] = await rig.children();
    await run(sandbox, "sleep 0.5");
    assert.deepEqual(await rig.children(), [init]);
    await run(sandbox, "pkill sleep || kill -9 -1");
    await until("it has no process", async () => (await rig.children()).length === 0);
  });
}

Deno.test("calls that come while an idle session's process ends are answered", async () => {
  await using rig = await openTestHost({ idleMs: 1 });
  const sandbox = await rig.open();
  const body = new TextEncoder().encode("content");
  const rounds = Array.from({ length: 4 }, async (_, lane) => {
    for (let i = 0; i < 40; i++) {
      await new Promise((resolve) => setTimeout(resolve, (lane * 7 + i * 3) % 11));
      const path = `f${lane}`;
      await sandbox.file("write", { path, mode: "replace" }, body, signal());
      const read = await sandbox.file("read", { path, offset: 0, length: 100 }, undefined, signal());
      assert.deepEqual(read.body, body);
      if (i % 8 === 0) assert.equal((await run(sandbox, "echo x")).stdout, "x\n");
    }
  });
  await Promise.all(rounds);
});

Deno.test("a host: many sessions at once", async () => {
  await using rig = await openTestHost();
  const all = await Promise.all(Array.from({ length: 30 }, async (_, i) => {
    const sandbox = await rig.open(`sess-${i}`);
    return (await run(sandbox, `echo ${i} > file; cat file`)).stdout;
  }));
  assert.deepEqual(all, Array.from({ length: 30 }, (_, i) => `${i}\n`));
  assert.equal((await rig.children()).length, 30);
  await rig.host.close();
  await assert.rejects(() => rig.open("sess-x"), { code: "unavailable" });
});

Deno.test("usage of a session", async () => {
  await using rig = await openTestHost();
  const sandbox = await rig.open();
  await sandbox.file("write", { path: "file", mode: "replace" }, new Uint8Array(3 * 2 ** 20), signal());
  const up = Promise.withResolvers<void>();
  const process = await sandbox.spawn({
    argv: [
      "python3",
      "-c",
      "kept=bytearray(b'x')*(50*2**20); print('up', flush=True); import time; time.sleep(1000)",
    ],
    cwd: ".",
    env: {},
    onOutput: () => up.resolve(),
  }, signal());
  await up.promise;
  const usage = await sandbox.usage();
  assert.equal(usage.processes, 1);
  assert.ok(usage.diskBytes >= 3 * 2 ** 20 && usage.diskBytes < 4 * 2 ** 20, `${usage.diskBytes}`);
  assert.ok(usage.memoryBytes > 50 * 2 ** 20 && usage.memoryBytes < 200 * 2 ** 20, `${usage.memoryBytes}`);
  assert.ok(usage.cpuMs > 0);
  process.kill("SIGKILL");
  await process.exited;
});

Deno.test("a long file operation ends with its call", async () => {
  await using rig = await openTestHost();
  const sandbox = await rig.open();
  await run(sandbox, "head -c 3000000 /dev/zero | tr '\\0' 'a' > big.txt");
  const reading = sandbox.spawn({ argv: ["cat"], cwd: ".", env: {}, onOutput() {} }, signal());
  await reading;
  const abort = new AbortController();
  const search = sandbox.file(
    "search",
    { query: "(a|a|aa)+$b", regex: true, path: ".", ignoreCase: false, context: 0, limit: 10 },
    undefined,
    abort.signal,
  );
  await until("its child runs", async () => (await childrenOfInit(rig)) > 1);
  // Whoever runs beside it sees the end of its input.
  const reader = await reading;
  reader.closeInput();
  assert.deepEqual(await reader.exited, { exitCode: 0 });
  abort.abort(new Error("enough"));
  await assert.rejects(() => search, /enough/);
  await until("its child is gone", async () => (await childrenOfInit(rig)) === 0);
});

async function childrenOfInit(rig: { children(): Promise<number[]> }): Promise<number> {
  const [init] = await rig.children();
  if (init === undefined) return 0;
  const text = await Deno.readTextFile(`/proc/${init}/task/${init}/children`).catch(() => "");
  return text.split(" ").filter(Boolean).length;
}
