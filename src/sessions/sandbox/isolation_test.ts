import assert from "node:assert/strict";
import { KINDS, openTestHost, PATIENCE_MS, run } from "./testing.ts";
import attacks from "./testing_attacks.py" with { type: "text" };

interface Report {
  readonly results: Record<string, string>;
  readonly observed: {
    readonly descriptors: number[];
    readonly core: [number, number];
    readonly pids: number[];
    readonly session: boolean;
    readonly root: string[];
  };
  readonly status: Record<string, string>;
}

for (const [kind, { isolation, options }] of Object.entries(KINDS)) {
  if (isolation === "none") continue;
  Deno.test(`nothing gets out of a session: ${kind}`, async () => {
    await using rig = await openTestHost(options);
    assert.equal(rig.host.report.isolation, isolation, rig.log.join("\n"));
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const secret = await Deno.makeTempFile({ prefix: "secret-" });
    await Deno.writeTextFile(secret, "secret");
    await Deno.chmod(secret, 0o644);
    const abstract = `sandbox-test-${crypto.randomUUID()}`;
    // Somebody of this machine listens; a session must not even see that.
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const server = new Deno.Command("python3", {
      args: [
        "-c",
        `import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.bind("\\0${abstract}")\ns.listen()\nprint("up",flush=True)\nsys.stdin.read()`,
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = server.stdout.getReader();
    try {
      await reader.read();
      const [mine, other] = [await rig.open("sess-mine"), await rig.open("sess-other")];
      await other.file(
        "write",
        { path: "private.txt", mode: "replace" },
        new TextEncoder().encode("private"),
        signal,
      );
      await run(other, "chmod -R 777 /workspace");
      const facts = {
        secrets: [
          secret,
          `${rig.directory}/sess-other/workspace/private.txt`,
          `${rig.directory}/sess-mine/workspace/x`,
          `${Deno.cwd()}/deno.json`,
          "/root/.bashrc",
          "/proc/1/cwd/deno.json",
          "/workspace/../../sess-other/workspace/private.txt",
        ],
        pids: [Deno.pid, Deno.ppid, server.pid],
        abstract,
        port: (listener.addr as Deno.NetAddr).port,
      };
      const ran = await run(mine, ["python3", "-c", attacks, JSON.stringify(facts)]);
      assert.equal(ran.exitCode, 0, ran.stderr);
      const { results, observed, status } = JSON.parse(ran.stdout) as Report;
      const done = Object.entries(results).filter(([, result]) => !result.startsWith("refused"));
      assert.deepEqual(done.filter(([name]) => !isHarmless(name)), []);
      assert.ok(Object.keys(results).length > 80);

      // 3 is the directory that lists them.
      if (!kind.includes("no /proc")) assert.deepEqual(observed.descriptors, [0, 1, 2, 3]);
      // Not 0: that would let the machine's core handler have it.
      assert.deepEqual(observed.core, [1, 1]);
      assert.equal(observed.session, true);
      assert.ok(observed.pids.length <= 2, `it sees ${observed.pids}`);
      const known = "bin dev etc home lib lib32 lib64 libx32 proc root run sbin tmp usr var workspace".split(
        " ",
      );
      assert.deepEqual(observed.root.filter((name) => !known.includes(name)), []);
      if (!kind.includes("no /proc")) {
        assert.equal(status["NoNewPrivs"], "1");
        assert.equal(status["Seccomp"], "2");
        for (
          const set of ["CapInh", "CapPrm", "CapEff", "CapAmb", "CapBnd"]
        ) {
          assert.match(status[set] ?? "", /^0+$/, set);
        }
      }
      // It was sent every signal, and is still there, with the same process.
      assert.equal((await run(mine, "echo alive")).stdout, "alive\n");
      assert.equal(await Deno.readTextFile(secret), "secret");
    } finally {
      listener.close();
      await server.stdin.close();
      await reader.cancel();
      await server.status;
      await Deno.remove(secret);
    }
  });
}

/** What is there, and the session's own: an empty directory on the way to the Python that it is shown, and its /tmp. */
function isHarmless(name: string): boolean {
  return name === "list the directory of /root/.bashrc" ||
    name.startsWith("list the directory of /tmp/secret-");
}

Deno.test("setuid programs give nothing", async () => {
  await using rig = await openTestHost();
  const sandbox = await rig.open();
  // One that the session makes itself, and those of the machine, which are on mounts without them.
  const own = await run(sandbox, "cp /bin/sh ./sh && chmod 6755 ./sh && ./sh -p -c 'id -u; id -g'");
  assert.equal(own.stdout, "1000\n1000\n");
  const su = await run(sandbox, "su -c id < /dev/null");
  assert.notEqual(su.exitCode, 0);
  const mounts = (await run(sandbox, "cat /proc/self/mountinfo")).stdout.trim().split("\n");
  for (const mount of mounts) assert.match(mount.split(" ")[5] ?? "", /nosuid/, mount);
});

Deno.test("the worker's environment and the launcher's do not get in", async () => {
  const name = `SECRET_${crypto.randomUUID().replaceAll("-", "")}`;
  Deno.env.set(name, "hidden");
  try {
    await using rig = await openTestHost({ environment: { GIVEN: "yes" } });
    const sandbox = await rig.open();
    const env = await run(sandbox, "env; cat /proc/*/environ 2>/dev/null", { env: { ALSO: "this" } });
    assert.match(env.stdout, /GIVEN=yes/);
    assert.match(env.stdout, /ALSO=this/);
    assert.ok(!env.stdout.includes(name) && !env.stdout.includes("hidden"));
  } finally {
    Deno.env.delete(name);
  }
});

Deno.test("devices are those that harm nobody", async () => {
  await using rig = await openTestHost();
  const sandbox = await rig.open();
  const ls = await run(
    sandbox,
    "ls /dev; echo x > /dev/null && head -c 4 /dev/zero | wc -c; head -c 8 /dev/urandom | wc -c",
  );
  assert.equal(ls.stdout, "fd\nfull\nnull\nrandom\nshm\nstderr\nstdin\nstdout\nurandom\nzero\n4\n8\n");
  const shm = await run(sandbox, "echo here > /dev/shm/x && cat /dev/shm/x");
  assert.equal(shm.stdout, "here\n");
});

Deno.test("paths that are given are shown, read-only; others that they lie beside are not", async () => {
  const base = await Deno.makeTempDir({ dir: "/var/tmp" });
  try {
    await Deno.chmod(base, 0o755);
    await Deno.mkdir(`${base}/shown`);
    await Deno.writeTextFile(`${base}/shown/file`, "tool\n");
    await Deno.writeTextFile(`${base}/hidden`, "hidden\n");
    await using rig = await openTestHost({ readOnlyPaths: [`${base}/shown`, `${base}/missing`, "/tmp"] });
    assert.ok(rig.host.report.notes.some((note) => note.includes("/tmp is their own")));
    assert.ok(rig.host.report.notes.some((note) => note.includes(`${base}/missing`)));
    const sandbox = await rig.open();
    const seen = await run(sandbox, `cat ${base}/shown/file; ls ${base}; echo x > ${base}/shown/file`);
    assert.equal(seen.stdout, "tool\nshown\n");
    assert.match(seen.stderr, /Read-only/);
  } finally {
    await Deno.remove(base, { recursive: true });
  }
});

Deno.test("with the machine's network, sessions use it, and the report says so", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  try {
    await using rig = await openTestHost({ network: "host" });
    assert.equal(rig.host.report.network, false);
    assert.ok(rig.host.report.notes.some((note) => note.includes("network of this machine")));
    const sandbox = await rig.open();
    const connecting = run(sandbox, [
      "python3",
      "-c",
      `import socket; socket.create_connection(("127.0.0.1", ${port})).sendall(b"hello")`,
    ]);
    const connection = await listener.accept();
    const buffer = new Uint8Array(5);
    await connection.read(buffer);
    connection.close();
    assert.equal(new TextDecoder().decode(buffer), "hello");
    assert.equal((await connecting).exitCode, 0);
    assert.match((await run(sandbox, "cat /etc/hosts")).stdout, /localhost/);
  } finally {
    listener.close();
  }
});
