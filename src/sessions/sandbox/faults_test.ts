import assert from "node:assert/strict";
import { KINDS, openTestHost, PATIENCE_MS, processesWith, run, until } from "./testing.ts";
import type { Sandbox } from "./types.ts";

function mark(): string {
  return `83${1e11 + Math.floor(Math.random() * 1e11)}`;
}

/** A process, a child of it that has left its group, and a daemon: each sleeps for `seconds`. */
async function startAll(sandbox: Sandbox, seconds: string) {
  const process = await sandbox.spawn({
    argv: [
      "sh",
      "-c",
      `setsid sleep ${seconds} & (setsid sh -c 'sleep ${seconds} & sleep ${seconds}' &) ; exec sleep ${seconds}`,
    ],
    cwd: ".",
    env: {},
    onOutput() {},
  }, AbortSignal.timeout(PATIENCE_MS));
  await until("all of it runs", async () => (await processesWith(`sleep\0${seconds}`)).length === 4);
  return process;
}

async function ended(seconds: string): Promise<void> {
  await until("nothing of it is left", async () => (await processesWith(seconds)).length === 0);
}

for (const [kind, { options }] of Object.entries(KINDS)) {
  Deno.test(`faults: kill -9 of an init, ${kind}`, async () => {
    await using rig = await openTestHost(options);
    const [one, two] = [await rig.open("sess-1"), await rig.open("sess-2")];
    const [first, second] = [mark(), mark()];
    const process = await startAll(one, first);
    const [init] = await rig.children();
    assert.ok(init !== undefined);
    const other = await startAll(two, second);
    Deno.kill(init, "SIGKILL");
    assert.deepEqual(await process.exited, { signal: "SIGKILL" });
    await ended(first);
    assert.equal((await processesWith(`sleep\0${second}`)).length, 4);
    // It comes again with the next call, and has its files.
    assert.equal((await run(one, "echo again > file; cat file")).stdout, "again\n");
    other.kill("SIGKILL");
    assert.deepEqual(await other.exited, { signal: "SIGKILL" });
  });

  Deno.test(`faults: kill -9 of the launcher, ${kind}`, async () => {
    await using rig = await openTestHost(options);
    const sandbox = await rig.open();
    const seconds = mark();
    await run(sandbox, "echo kept > file");
    const process = await startAll(sandbox, seconds);
    const groups = await ownGroups(await rig.launcher());
    assert.equal(groups.length > 0, rig.host.report.cgroups.length > 0);
    if (kind === "no control groups") assert.deepEqual(groups, []);
    Deno.kill(await rig.launcher(), "SIGKILL");
    assert.deepEqual(await process.exited, { signal: "SIGKILL" });
    // Without namespaces, it takes the next launcher to find who has left its parent.
    assert.equal((await run(sandbox, "cat file")).stdout, "kept\n");
    await ended(seconds);
    await until("its control groups are gone", async () => (await stillThere(groups)).length === 0);
    assert.match(rig.log.join("\n"), /the sandbox launcher ended/);
  });
}

for (const kind of ["user namespaces after the mounts", "no namespaces"] as const) {
  Deno.test(`faults: kill -9 of the worker, ${kind}`, async () => {
    const { options } = KINDS[kind];
    const seconds = mark();
    const testing = new URL("./testing.ts", import.meta.url).href;
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const worker = new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        "--no-check",
        "--config",
        config,
        `import { openTestHost } from ${JSON.stringify(testing)};
const rig = await openTestHost(${JSON.stringify(options)});
const sandbox = await rig.open();
await sandbox.spawn({ argv: ["sh", "-c", "setsid sleep ${seconds} & exec sleep ${seconds}"], cwd: ".", env: {}, onOutput() {} }, AbortSignal.timeout(60000));
const { cgroups } = rig.host.report;
console.log(JSON.stringify({ launcher: await rig.launcher(), directory: rig.directory, cgroups }));
await new Promise(() => setInterval(() => {}, 1000));`,
      ],
      stdout: "piped",
    }).spawn();
    const reader = worker.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let line = "";
    while (!line.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) break;
      line += value;
    }
    const { launcher, directory, cgroups } = JSON.parse(line) as {
      launcher: number;
      directory: string;
      cgroups: string[];
    };
    await until("it runs", async () => (await processesWith(`sleep\0${seconds}`)).length === 2);
    const groups = await ownGroups(launcher);
    assert.equal(groups.length > 0, cgroups.length > 0);
    worker.kill("SIGKILL");
    await worker.status;
    await reader.cancel();
    await ended(seconds);
    await until("the launcher is gone", async () => !await isThere(`/proc/${launcher}`));
    assert.deepEqual(await stillThere(groups), []);
    const sockets = `${directory.slice(0, -"/sessions".length)}/sockets`;
    assert.deepEqual([...Deno.readDirSync(sockets)], []);
    assert.deepEqual(await mountsBelow(directory), []);
    await Deno.remove(directory.slice(0, -"/sessions".length), { recursive: true });
  });
}

Deno.test("faults: a launcher that cannot be started says what to do", async () => {
  const { openSandboxHost } = await import("./host.ts");
  const directory = await Deno.makeTempDir();
  const options = {
    directory,
    allowUnisolated: false,
    uids: { first: 300_000, count: 10 },
    readOnlyPaths: [],
    environment: {},
    network: "none",
    forwards: [],
  } as const;
  try {
    await assert.rejects(() => openSandboxHost({ ...options, python: "/no/such/python" }), {
      name: "SessionError",
      code: "unavailable",
      message: /\/no\/such\/python.*Install Python 3\.8/s,
    });
    await assert.rejects(() => openSandboxHost({ ...options, python: "false" }), { code: "unavailable" });
    const socketDirectory = `${directory}/${"x".repeat(120)}`;
    await Deno.mkdir(socketDirectory);
    await assert.rejects(() => openSandboxHost(options, { socketDirectory }), {
      code: "unavailable",
      message: /TMPDIR/,
    });
    const given = AbortSignal.abort(new Error("given up"));
    await assert.rejects(() => openSandboxHost(options, { signal: given }), /given up/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("faults: what comes from a session's connection is not trusted", async (t) => {
  const { Session } = await import("./session.ts");
  const { FrameReader } = await import("./frames.ts");
  const { silentLogger } = await import("../../telemetry/logger.ts");

  /** A session whose init is ours. */
  async function rigged(answer: (frames: Deno.Conn) => Promise<void>) {
    const directory = await Deno.makeTempDir();
    const listener = Deno.listen({ transport: "unix", path: `${directory}/s` });
    const [connection, far] = await Promise.all([
      Deno.connect({ transport: "unix", path: `${directory}/s` }),
      listener.accept(),
    ]);
    listener.close();
    await Deno.remove(directory, { recursive: true });
    let stops = 0;
    const session = new Session("sess-x", "full", {
      start: () =>
        Promise.resolve({ connection, reader: new FrameReader(connection), gone: Promise.resolve() }),
      stop: () => Promise.resolve(void stops++),
    }, silentLogger);
    const answering = answer(far).catch(() => {});
    return { session, far, answering, stops: () => stops };
  }
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const frame = (header: unknown) => {
    const text = new TextEncoder().encode(JSON.stringify(header));
    const bytes = new Uint8Array(8 + text.length);
    new DataView(bytes.buffer).setUint32(0, text.length);
    bytes.set(text, 8);
    return bytes;
  };

  await t.step("lengths beyond the caps end it before anything is allocated", async () => {
    const { session, far, answering, stops } = await rigged(async (far) => {
      await far.read(new Uint8Array(4_096));
      await far.write(new Uint8Array([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
    });
    await assert.rejects(() => session.file("list", { path: "." }, undefined, signal), {
      code: "unknown_outcome",
    });
    await answering;
    assert.equal(stops(), 1);
    far.close();
  });

  await t.step("answers of another form are an error of their own", async () => {
    const { session, far, answering } = await rigged(async (far) => {
      await far.read(new Uint8Array(4_096));
      await far.write(frame({ id: 1, output: "text" }));
    });
    await assert.rejects(() => session.file("list", { path: "." }, undefined, signal), { code: "internal" });
    await answering;
    far.close();
  });

  await t.step("events of processes that nobody started are dropped", async () => {
    const { session, far, answering } = await rigged(async (far) => {
      await far.read(new Uint8Array(4_096));
      await far.write(frame({ event: "output", process: 77, stream: "stdout" }));
      await far.write(frame({ event: "exit", process: 77, exitCode: 0 }));
      await far.write(frame({ event: "exit", process: "one" }));
      await far.write(frame({ event: "what" }));
      await far.write(frame({ id: 99, output: {} }));
      await far.write(frame({ id: 1, output: { fine: true } }));
    });
    assert.deepEqual(await session.file("list", { path: "." }, undefined, signal), {
      output: { fine: true },
    });
    await answering;
    far.close();
  });
});

Deno.test("faults: what is too long to be sent is refused, and ends nothing", async () => {
  await using rig = await openTestHost();
  const sandbox = await rig.open();
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const sleeping = await sandbox.spawn({ argv: ["sleep", "1000"], cwd: ".", env: {}, onOutput() {} }, signal);
  const edits = [{ old: "x".repeat(17 * 2 ** 20), new: "y", all: false }];
  await assert.rejects(() => sandbox.file("edit", { path: "file", edits }, undefined, signal), {
    code: "limit",
  });
  const body = new Uint8Array(65 * 2 ** 20);
  await assert.rejects(() => sandbox.file("write", { path: "file", mode: "replace" }, body, signal), {
    code: "limit",
  });
  await assert.rejects(() => run(sandbox, ["env"], { env: { ODD: "a\0b" } }), { code: "failed" });
  await assert.rejects(() => run(sandbox, ["echo", "x".repeat(3 * 2 ** 20)]), {
    code: "failed",
    message: /too long/,
  });
  assert.equal((await run(sandbox, "pgrep -c sleep || ls /proc | grep -c '^[0-9]'")).exitCode, 0);
  sleeping.kill("SIGTERM");
  assert.deepEqual(await sleeping.exited, { signal: "SIGTERM" });
});

async function isThere(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

/** Control groups that a launcher has made. */
async function ownGroups(launcher: number): Promise<string[]> {
  const found: string[] = [];
  const mounts = await Deno.readTextFile("/proc/self/mountinfo");
  const own = await Deno.readTextFile("/proc/self/cgroup");
  for (const line of mounts.split("\n")) {
    const [left, right] = line.split(" - ");
    if (right === undefined || !right.startsWith("cgroup")) continue;
    const point = left!.split(" ")[4]!;
    for (const path of new Set(own.split("\n").map((one) => one.split(":")[2] ?? "").filter(Boolean))) {
      const directory = `${point}${path === "/" ? "" : path}`;
      if (!await isThere(directory)) continue;
      for await (const entry of Deno.readDir(directory)) {
        if (entry.name.startsWith("coder-sandbox-") && entry.name.endsWith(`-${launcher}`)) {
          found.push(`${directory}/${entry.name}`);
        }
      }
    }
  }
  return found;
}

async function stillThere(paths: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) if (await isThere(path)) found.push(path);
  return found;
}

async function mountsBelow(directory: string): Promise<string[]> {
  return (await Deno.readTextFile("/proc/self/mountinfo")).split("\n").filter((line) =>
    line.includes(directory)
  );
}
