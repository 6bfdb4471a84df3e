import assert from "node:assert/strict";
import { openTestHost, PATIENCE_MS, processesWith, run, until } from "./testing.ts";
import type { Sandbox, SandboxProcess } from "./types.ts";

const text = new TextEncoder();

/** Starts it and collects what it says. */
async function start(
  sandbox: Sandbox,
  argv: string[],
): Promise<{ process: SandboxProcess; said: { stdout: string } }> {
  const said = { stdout: "" };
  const process = await sandbox.spawn({
    argv,
    cwd: ".",
    env: {},
    onOutput: (stream, bytes) =>
      void (stream === "stdout" && (said.stdout += new TextDecoder().decode(bytes))),
  }, AbortSignal.timeout(PATIENCE_MS));
  return { process, said };
}

Deno.test("processes: input, output, directories, environment, ends", async (t) => {
  await using rig = await openTestHost();
  const sandbox = await rig.open();
  const signal = AbortSignal.timeout(PATIENCE_MS);

  await t.step("input comes as it is, and its end is told", async () => {
    const ran = await run(sandbox, "cat; echo end", { stdin: "one\ntwo\n" });
    assert.equal(ran.stdout, "one\ntwo\nend\n");
  });

  await t.step("input waits until it is taken, megabytes of it", async () => {
    const { process, said } = await start(sandbox, ["sh", "-c", "sleep 0.2; wc -c"]);
    const piece = new Uint8Array(300_000).fill(120);
    for (let i = 0; i < 10; i++) await process.write(piece, signal);
    process.closeInput();
    assert.deepEqual(await process.exited, { exitCode: 0 });
    assert.equal(said.stdout.trim(), "3000000");
  });

  await t.step("input for who takes none is refused", async () => {
    const { process, said } = await start(sandbox, ["sh", "-c", "exec < /dev/null; echo closed; sleep 1000"]);
    await until("it has closed its input", () => said.stdout === "closed\n");
    await assert.rejects(() => process.write(text.encode("x"), signal), /closed its input/);
    process.kill("SIGKILL");
    await process.exited;
    await assert.rejects(() => process.write(text.encode("x"), signal), /is over/);
  });

  await t.step("both streams are told, all of them, before the end", async () => {
    let bytes = 0;
    const process = await sandbox.spawn({
      argv: ["sh", "-c", "head -c 20000000 /dev/zero; head -c 1000000 /dev/zero >&2"],
      cwd: ".",
      env: {},
      onOutput: (_, piece) => void (bytes += piece.length),
    }, signal);
    assert.deepEqual(await process.exited, { exitCode: 0 });
    assert.equal(bytes, 21_000_000);
  });

  await t.step("whoever writes without end is slowed down, and others are heard meanwhile", async () => {
    let bytes = 0;
    const since = performance.now();
    const process = await sandbox.spawn({
      argv: ["yes"],
      cwd: ".",
      env: {},
      onOutput: (_, piece) => void (bytes += piece.length),
    }, signal);
    await until("much was written", () => bytes >= 40 * 2 ** 20);
    // 4 MiB in a tenth of a second: this took nine of them at least, however fast the machine is.
    const seconds = (performance.now() - since) / 1_000;
    assert.ok(bytes <= (Math.floor(seconds / 0.1) + 2) * 5 * 2 ** 20, `${bytes} bytes in ${seconds} s`);
    assert.equal((await run(sandbox, "echo heard")).stdout, "heard\n");
    process.kill("SIGTERM");
    assert.deepEqual(await process.exited, { signal: "SIGTERM" });
  });

  await t.step("others are served while one floods", async () => {
    const { process } = await start(sandbox, ["cat", "/dev/zero"]);
    assert.equal((await run(sandbox, "echo still here")).stdout, "still here\n");
    process.kill("SIGKILL");
    assert.deepEqual(await process.exited, { signal: "SIGKILL" });
  });

  await t.step("it starts in the directory that was named", async () => {
    assert.equal((await run(sandbox, "mkdir -p a/b; pwd")).stdout, "/workspace\n");
    assert.equal((await run(sandbox, "pwd", { cwd: "a/b" })).stdout, "/workspace/a/b\n");
    await assert.rejects(() => run(sandbox, "pwd", { cwd: "missing" }), {
      code: "not_found",
      message: /missing/,
    });
    await assert.rejects(() => run(sandbox, "pwd", { cwd: "../.." }), { code: "forbidden" });
    await assert.rejects(() => run(sandbox, "pwd", { cwd: "/etc" }), { code: "forbidden" });
  });

  await t.step("what cannot be started says why", async () => {
    await assert.rejects(() => run(sandbox, ["no-such-program"]), {
      code: "not_found",
      message: /no-such-program/,
    });
    await run(sandbox, "echo text > file.txt");
    await assert.rejects(() => run(sandbox, ["./file.txt"]), {
      code: "failed",
      message: /Permission denied/,
    });
    await assert.rejects(() => run(sandbox, ["a\0b"]), { code: "invalid" });
    await assert.rejects(() => run(sandbox, []), { code: "invalid" });
  });

  await t.step("arguments and variables of any text arrive as they are", async () => {
    const odd = "ä \" ' $x \n\t✓";
    const ran = await run(sandbox, [
      "python3",
      "-c",
      "import sys,os;print(sys.argv[1]==os.environ['ODD'], len(sys.argv[1]))",
      odd,
    ], {
      env: { ODD: odd },
    });
    assert.equal(ran.stdout, `True ${[...odd].length}\n`);
  });

  await t.step("signals go to all of the group", async () => {
    const mark = `85${1e11 + Math.floor(Math.random() * 1e11)}`;
    const { process, said } = await start(sandbox, ["sh", "-c", `sleep ${mark} & echo up; wait`]);
    await until("it is up", () => said.stdout === "up\n");
    process.kill("SIGSTOP");
    process.kill("SIGCONT");
    process.kill("SIGTERM");
    assert.deepEqual(await process.exited, { signal: "SIGTERM" });
    await until("its child is gone, too", async () => (await processesWith(mark)).length === 0);
    // It is over: nobody else is hit.
    process.kill("SIGKILL");
    assert.equal((await run(sandbox, "echo ok")).stdout, "ok\n");
  });

  await t.step("signals that programs take are theirs", async () => {
    const { process, said } = await start(sandbox, [
      "sh",
      "-c",
      "trap 'echo got it; exit 5' USR1; echo up; while :; do sleep 0.05; done",
    ]);
    await until("it is up", () => said.stdout === "up\n");
    process.kill("SIGUSR1");
    assert.deepEqual(await process.exited, { exitCode: 5 });
    assert.equal(said.stdout, "up\ngot it\n");
  });

  await t.step("a daemon that keeps the output open holds nobody up, and lives on", async () => {
    const mark = `87${1e11 + Math.floor(Math.random() * 1e11)}`;
    const ran = await run(
      sandbox,
      `(sleep ${mark}; echo never) & (while :; do echo noise; done) & echo started`,
    );
    assert.equal(ran.exitCode, 0);
    assert.ok(ran.stdout.includes("started\n"));
    await until("it sleeps", async () => (await processesWith(`sleep\0${mark}`)).length === 1);
    assert.equal((await run(sandbox, "echo next")).stdout, "next\n");
  });

  await t.step("orphans are reaped", async () => {
    await run(sandbox, "for i in 1 2 3 4 5 6 7 8; do setsid sh -c 'sh -c true &' ; done");
    await until(
      "no zombie is left",
      async () => !(await run(sandbox, "cat /proc/*/stat")).stdout.includes(") Z "),
    );
  });

  await t.step("a start that is given up leaves nothing behind", async () => {
    const mark = `88${1e11 + Math.floor(Math.random() * 1e11)}`;
    const abort = new AbortController();
    const starting = sandbox.spawn({ argv: ["sleep", mark], cwd: ".", env: {}, onOutput() {} }, abort.signal);
    await Promise.resolve();
    abort.abort(new Error("given up"));
    await assert.rejects(() => starting, /given up/);
    await run(sandbox, "true");
    await until("it is gone", async () => (await processesWith(`sleep\0${mark}`)).length === 0);
  });

  await t.step("a broken listener harms nobody", async () => {
    const process = await sandbox.spawn({
      argv: ["echo", "x"],
      cwd: ".",
      env: {},
      onOutput: () => {
        throw new Error("of the listener");
      },
    }, signal);
    assert.deepEqual(await process.exited, { exitCode: 0 });
    assert.match(rig.log.join("\n"), /of the listener/);
  });

  await t.step("many at once", async () => {
    const all = await Promise.all(Array.from({ length: 40 }, (_, i) => run(sandbox, `echo ${i}; exit ${i}`)));
    all.forEach((one, i) => assert.deepEqual(one, { exitCode: i, stdout: `${i}\n`, stderr: "" }));
  });
});

Deno.test("a worker that is slow to take output slows the process down, and loses nothing", async () => {
  await using rig = await openTestHost();
  const sandbox = await rig.open();
  let bytes = 0;
  const process = await sandbox.spawn({
    argv: ["sh", "-c", "head -c 8000000 /dev/zero; echo done"],
    cwd: ".",
    env: {},
    onOutput: (_, piece) => {
      bytes += piece.length;
      const end = performance.now() + 1;
      while (performance.now() < end);
    },
  }, AbortSignal.timeout(PATIENCE_MS));
  assert.deepEqual(await process.exited, { exitCode: 0 });
  assert.equal(bytes, 8_000_005);
});
