import assert from "node:assert/strict";
import { KINDS, openTestHost, processesWith, run, until } from "./testing.ts";
import { PATIENCE_MS } from "./testing.ts";

for (const [kind, { isolation, options }] of Object.entries(KINDS)) {
  Deno.test(`sandboxes work: ${kind}`, async () => {
    await using rig = await openTestHost(options);
    assert.equal(rig.host.report.isolation, isolation, rig.log.join("\n"));
    const sandbox = await rig.open();
    const signal = AbortSignal.timeout(PATIENCE_MS);

    const hello = await run(sandbox, "echo hello; echo oops >&2; exit 3");
    assert.deepEqual(hello, { exitCode: 3, stdout: "hello\n", stderr: "oops\n" });

    const body = new TextEncoder().encode("from outside\n");
    await sandbox.file("write", { path: "a/b.txt", mode: "replace" }, body, signal);
    assert.equal((await run(sandbox, "cat a/b.txt; echo within > c.txt")).stdout, "from outside\n");
    const read = await sandbox.file("read", { path: "c.txt", offset: 0, length: 100 }, undefined, signal);
    assert.equal(new TextDecoder().decode(read.body), "within\n");

    const python = await run(sandbox, ["python3", "-c", "import ssl, json, sys; print(sys.version_info[0])"]);
    assert.equal(python.stdout, "3\n", python.stderr);

    // Neither of these is the worker's user, or can become it; nor is anything of the worker's environment there.
    const uid = Number((await run(sandbox, "id -u")).stdout);
    assert.notEqual(uid, 0);
    if (isolation !== "none" && kind !== "no user namespaces") assert.equal(uid, 1000, rig.log.join("\n"));
    const env = (await run(sandbox, "env")).stdout.split("\n").map((line) => line.split("=")[0]).filter(
      Boolean,
    );
    const own = [
      "HOME",
      "LANG",
      "PATH",
      "PWD",
      "TMPDIR",
      ...(isolation === "none" ? ["SANDBOX_DIRECTORY"] : []),
    ];
    assert.deepEqual(
      env.filter((name) => !own.includes(name!) && !["OLDPWD", "_", "SHLVL"].includes(name!)),
      [],
    );

    // What has left its group and its parent ends with the session nevertheless.
    const mark = `86${1e11 + Math.floor(Math.random() * 1e11)}`;
    const left = await run(
      sandbox,
      `setsid sh -c 'setsid sleep ${mark} & setsid sleep ${mark} &' > /dev/null 2>&1 < /dev/null; echo left`,
    );
    assert.equal(left.stdout, "left\n");
    await until("the daemons run", async () => (await processesWith(mark)).length >= 2);
    assert.ok((await sandbox.usage()).diskBytes > 0);
    await rig.host.remove("sess-a", signal);
    assert.deepEqual(await processesWith(mark), []);
    assert.deepEqual(
      [...Deno.readDirSync(rig.directory)].map((one) => one.name).filter((name) => name !== ".removed"),
      [],
    );
  });

  Deno.test(`sandboxes end with their session, and others go on: ${kind}`, async () => {
    await using rig = await openTestHost(options);
    const [one, two] = [await rig.open("sess-1"), await rig.open("sess-2")];
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const start = (sandbox: typeof one) =>
      sandbox.spawn({
        argv: ["sh", "-c", "echo started; exec sleep 1000"],
        cwd: ".",
        env: {},
        onOutput: () => {},
      }, signal);
    const [first, second] = [await start(one), await start(two)];
    await one.close();
    assert.deepEqual(await first.exited, { signal: "SIGKILL" });
    await assert.rejects(() => run(one, "true"), { name: "SessionError", code: "session_ended" });
    assert.equal((await run(two, "echo there")).stdout, "there\n");
    second.kill("SIGTERM");
    assert.deepEqual(await second.exited, { signal: "SIGTERM" });
  });
}

Deno.test("without isolation sessions are refused, and told why", async () => {
  await using rig = await openTestHost({ noNamespaces: true });
  assert.equal(rig.host.report.isolation, "none");
  assert.ok(rig.host.report.notes.length > 0);
  await assert.rejects(() => rig.open(), (error: Error) => {
    assert.equal((error as Error & { code: string }).code, "no_capacity");
    assert.match(error.message, /--allow-unisolated/);
    assert.match(error.message, /namespaces/);
    return true;
  });
  assert.match(rig.log.join("\n"), /nothing isolates sessions here/);
});

Deno.test("without isolation that is allowed, the log says it aloud", async () => {
  await using rig = await openTestHost({ noNamespaces: true, allowUnisolated: true });
  assert.match(rig.log.join("\n"), /NOT isolated/);
});
