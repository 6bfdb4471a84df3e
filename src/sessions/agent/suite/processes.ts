/** Processes of sessions in workspaces. */
import assert from "node:assert/strict";
import { PATIENCE_MS, processesWith, run, until } from "../../sandbox/testing.ts";
import type { Sandbox, SandboxProcess } from "../../sandbox/types.ts";
import type { Feature, SuiteOptions } from "./types.ts";
import { bytesOf, rigOf, signal, someBytes } from "./rig.ts";

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
  }, signal());
  return { process, said };
}

const mark = (digits: string) => `${digits}${1e11 + Math.floor(Math.random() * 1e11)}`;

export function processesSuite(options: SuiteOptions, has: (feature: Feature) => boolean): void {
  Deno.test(`${options.name}: processes: input, output, directories, environment, ends`, async (t) => {
    await using rig = await rigOf(options);
    const sandbox = await rig.open();

    await t.step("exit codes, and both streams apart", async () => {
      const ran = await run(sandbox, "echo out; echo err >&2; exit 7");
      assert.deepEqual([ran.exitCode, ran.stdout, ran.stderr], [7, "out\n", "err\n"]);
      assert.equal((await run(sandbox, "kill -9 $$")).signal, "SIGKILL");
      assert.equal((await run(sandbox, "kill -TERM $$")).signal, "SIGTERM");
    });

    await t.step("it is no terminal, and none of ours is in its environment", async () => {
      assert.equal((await run(sandbox, "test -t 0 || test -t 1 || echo none")).stdout, "none\n");
      assert.equal((await run(sandbox, "tty > /dev/null < /dev/tty || echo none")).stdout, "none\n");
      const names = (await run(sandbox, "env | cut -d= -f1 | sort")).stdout.split("\n");
      assert.ok(names.includes("HOME") && names.includes("PATH"));
      assert.ok(!names.includes("TERM"));
    });

    await t.step("input comes as it is, and its end is told", async () => {
      const ran = await run(sandbox, "cat; echo end", { stdin: "one\ntwo\n\x04\x03\r" });
      assert.equal(ran.stdout, "one\ntwo\n\x04\x03\rend\n");
    });

    await t.step("every byte goes in and out as it is", async () => {
      const all = someBytes(300_000);
      const pieces: Uint8Array[] = [];
      const process = await sandbox.spawn({
        argv: ["cat"],
        cwd: ".",
        env: {},
        onOutput: (_, bytes) => void pieces.push(bytes.slice()),
      }, signal());
      for (let at = 0; at < all.length; at += 100_000) {
        await process.write(all.slice(at, at + 100_000), signal());
      }
      process.closeInput();
      await process.exited;
      assert.deepEqual(new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer()), all);
    });

    await t.step("input waits until it is taken, megabytes of it", async () => {
      const { process, said } = await start(sandbox, ["sh", "-c", "sleep 0.2; wc -c"]);
      const piece = new Uint8Array(300_000).fill(120);
      for (let i = 0; i < 5; i++) await process.write(piece, signal());
      process.closeInput();
      assert.equal((await process.exited).exitCode, 0);
      assert.equal(said.stdout.trim(), "1500000");
    });

    await t.step("input for who is over is refused", async () => {
      const { process } = await start(sandbox, ["true"]);
      await process.exited;
      await assert.rejects(() => process.write(bytesOf("x"), signal()), {
        code: "failed",
        message: /is over/,
      });
      process.closeInput();
      process.kill("SIGKILL");
    });

    await t.step("all output is told before the end, megabytes of it", async () => {
      let bytes = 0;
      const process = await sandbox.spawn({
        argv: ["sh", "-c", "head -c 5000000 /dev/zero; head -c 500000 /dev/zero >&2"],
        cwd: ".",
        env: {},
        onOutput: (_, piece) => void (bytes += piece.length),
        onLost: (_, lost) => assert.fail(`${lost} bytes are lost`),
      }, signal());
      assert.equal((await process.exited).exitCode, 0);
      assert.equal(bytes, 5_500_000);
    });

    await t.step("output comes while it runs", async () => {
      const { process, said } = await start(sandbox, ["sh", "-c", "echo first; read line; echo got $line"]);
      await until("it was seen", () => said.stdout === "first\n");
      await process.write(bytesOf("x\n"), signal());
      assert.equal((await process.exited).exitCode, 0);
      assert.equal(said.stdout, "first\ngot x\n");
    });

    await t.step("others are served while one floods", async () => {
      const { process } = await start(sandbox, ["cat", "/dev/zero"]);
      assert.equal((await run(sandbox, "echo still here")).stdout, "still here\n");
      process.kill("SIGKILL");
      assert.equal((await process.exited).signal, "SIGKILL");
    });

    await t.step("it starts in the directory that was named", async () => {
      assert.equal((await run(sandbox, "mkdir -p 'a/b c'; pwd")).stdout, `${rig.directory}\n`);
      assert.equal((await run(sandbox, "pwd", { cwd: "a/b c" })).stdout, `${rig.directory}/a/b c\n`);
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
        message: /[Pp]ermission denied/,
      });
      await assert.rejects(() => run(sandbox, ["a\0b"]), { code: "invalid" });
      await assert.rejects(() => run(sandbox, []), { code: "invalid" });
    });

    await t.step("arguments and variables of any text arrive as they are", async () => {
      const odd = "ä \" ' $x `id` \\ \n\t✓ 😀 -n";
      const ran = await run(sandbox, ["sh", "-c", 'printf %s "$1"; printf %s "$ODD" >&2', "sh", odd], {
        env: { ODD: odd },
      });
      assert.equal(ran.stdout, odd);
      assert.equal(ran.stderr, odd);
    });

    await t.step("signals go to all of the group", async () => {
      const number = mark("85");
      const { process, said } = await start(sandbox, ["sh", "-c", `sleep ${number} & echo up; wait`]);
      await until("it is up", () => said.stdout === "up\n");
      process.kill("SIGSTOP");
      process.kill("SIGCONT");
      process.kill("SIGTERM");
      assert.equal((await process.exited).signal, "SIGTERM");
      await until("its child is gone, too", async () => (await processesWith(number)).length === 0);
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
      assert.equal((await process.exited).exitCode, 5);
      assert.equal(said.stdout, "up\ngot it\n");
    });

    await t.step("a daemon that keeps the output open holds nobody up, and lives on", async () => {
      const number = mark("87");
      const ran = await run(sandbox, `(sleep ${number}; echo never) & echo started`);
      assert.equal(ran.exitCode, 0);
      assert.ok(ran.stdout.includes("started\n"));
      await until("it sleeps", async () => (await processesWith(`sleep\0${number}`)).length === 1);
      assert.equal((await run(sandbox, "echo next")).stdout, "next\n");
    });

    await t.step("a start that is given up leaves nothing behind", async () => {
      const number = mark("88");
      const abort = new AbortController();
      const starting = sandbox.spawn(
        { argv: ["sleep", number], cwd: ".", env: {}, onOutput() {} },
        abort.signal,
      );
      await Promise.resolve();
      abort.abort(new Error("given up"));
      await assert.rejects(() => starting, /given up/);
      await run(sandbox, "true");
      await until("it is gone", async () => (await processesWith(`sleep\0${number}`)).length === 0);
    });

    await t.step("a broken listener harms nobody", async () => {
      const process = await sandbox.spawn({
        argv: ["echo", "x"],
        cwd: ".",
        env: {},
        onOutput: () => {
          throw new Error("of the listener");
        },
      }, signal());
      assert.equal((await process.exited).exitCode, 0);
    });

    await t.step("many at once", async () => {
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, i) => run(sandbox, `echo ${i}; exit ${i}`)),
      );
      all.forEach((one, i) => assert.deepEqual([one.exitCode, one.stdout, one.stderr], [i, `${i}\n`, ""]));
    });
  });

  if (!has("usage")) return;
  Deno.test(`${options.name}: processes: what they use, and limits that are kept`, async (t) => {
    await using rig = await rigOf(options);

    await t.step("usage", async () => {
      const sandbox = await rig.open({ files: "scratch" });
      await run(sandbox, "head -c 3000000 /dev/zero > file");
      const script =
        "kept = bytearray(b'x') * (50 * 2**20); print('up', flush=True); import time; time.sleep(1000)";
      const { process, said } = await start(sandbox, ["python3", "-c", script]);
      await until("it is up", () => said.stdout === "up\n");
      await until("it was looked at", async () => (await sandbox.usage()).memoryBytes > 50 * 2 ** 20);
      const usage = await sandbox.usage();
      assert.equal(usage.processes, 1);
      assert.ok(usage.diskBytes >= 3_000_000 && usage.diskBytes < 5_000_000, `${usage.diskBytes}`);
      assert.ok(usage.cpuMs > 0);
      process.kill("SIGKILL");
      await process.exited;
    });

    await t.step("CPU time of a session", async () => {
      const sandbox = await rig.open({ limits: { cpuMs: 1_000 } });
      const ran = await run(sandbox, "while :; do :; done");
      assert.deepEqual([ran.limit, ran.exitCode], ["cpu", undefined]);
      await assert.rejects(() => run(sandbox, "true"), { code: "limit", message: /CPU time/ });
    });

    await t.step("memory of a session", async () => {
      const sandbox = await rig.open({ limits: { memoryBytes: 64 * 2 ** 20 } });
      const script = "kept = bytearray(b'x') * (200 * 2**20); import time; time.sleep(1000)";
      const ran = await run(sandbox, ["python3", "-c", script]);
      assert.deepEqual([ran.limit, ran.signal], ["memory", "SIGKILL"]);
      assert.equal((await run(sandbox, "echo next")).stdout, "next\n");
    });

    await t.step("sizes of files, and room of scratch sessions", async () => {
      const sandbox = await rig.open({ files: "scratch", limits: { diskBytes: 2 ** 20 } });
      assert.notEqual((await run(sandbox, "head -c 3000000 /dev/zero > file")).exitCode, 0);
      assert.ok((await run(sandbox, "rm -f file; echo ok")).stdout === "ok\n");
    });

    await t.step("open files", async () => {
      const sandbox = await rig.open({ limits: { openFiles: 64 } });
      assert.equal((await run(sandbox, "ulimit -n")).stdout, "64\n");
    });
  });
}

export { PATIENCE_MS };
