/** Terminals that break at any byte, or fall silent: nothing that a session does is lost, and nothing is done twice. */
import assert from "node:assert/strict";
import { below, seededRandom } from "../../telemetry/testing/random.ts";
import { PATIENCE_MS, processesWith, until } from "../sandbox/testing.ts";
import type { Sandbox } from "../sandbox/types.ts";
import { STANDARD_LIMITS } from "../types.ts";
import { createAgentHost } from "./host.ts";
import { pythonEngine } from "./python_engine.ts";
import { bytesOf, read, sha256, someBytes, textOf } from "./suite/rig.ts";
import { type LocalTerminal, type LocalTerminals, localTerminals } from "./testing.ts";
import { SOMEWHERE } from "./testing/hosts.ts";

const signal = () => AbortSignal.timeout(PATIENCE_MS);

interface Rig extends AsyncDisposable {
  readonly terminals: LocalTerminals;
  readonly sandbox: Sandbox;
}

/** A session whose terminals are handed to `onOpen` as they come. */
async function rigOf(onOpen: (terminal: LocalTerminal, number: number) => void): Promise<Rig> {
  const terminals = await localTerminals();
  const host = createAgentHost({
    engines: [pythonEngine()],
    access: () => ({
      place: SOMEWHERE,
      terminal: async (command, within) => {
        const terminal = await terminals.open(command, within);
        onOpen(terminal, terminals.opened.length);
        return terminal;
      },
    }),
  });
  const workspace = { directory: "", files: "scratch" } as const;
  const sandbox = await host.open(
    "sess-cut",
    { limits: STANDARD_LIMITS, existing: false, workspace },
    signal(),
  );
  return {
    terminals,
    sandbox,
    async [Symbol.asyncDispose]() {
      await host.remove("sess-cut", signal());
      await host.close();
      await terminals[Symbol.asyncDispose]();
    },
  };
}

Deno.test("terminals that break at any byte: each call is done once, and output is whole", async () => {
  for (let seed = 1; seed <= 3; seed++) {
    const random = seededRandom(seed);
    let breaks = true;
    await using rig = await rigOf((terminal, number) => {
      // The first one, which begins it all, breaks a little later; what is seen of a boot is some hundred bytes.
      if (breaks) terminal.cutAfter((number === 1 ? 2_000 : 300) + below(random, 120_000));
    });
    const { sandbox, terminals } = rig;
    const lines = Array.from({ length: 60 }, (_, i) => `line ${i} of ${seed}\n`);
    const large = someBytes(400_000, seed);
    let said = "";
    const process = await sandbox.spawn({
      argv: ["sh", "-c", "i=0; while [ $i -lt 4000 ]; do echo $i; i=$((i + 1)); done; cat > input; exit 3"],
      cwd: ".",
      env: {},
      onOutput: (_, bytes) => void (said += textOf(bytes)),
      onLost: (_, lost) => assert.fail(`${lost} bytes of output are lost`),
      shared: { command: "counts", timeoutMs: 0 },
    }, signal());
    await Promise.all([
      (async () => {
        for (const line of lines) {
          await sandbox.file("write", { path: "log", mode: "append" }, bytesOf(line), signal());
        }
      })(),
      (async () => {
        for (let i = 0; i < 3; i++) {
          await sandbox.file("write", { path: `large-${i}`, mode: "create" }, large, signal());
          const { body } = await sandbox.file(
            "read",
            { path: `large-${i}`, offset: 0, length: 2 ** 20 },
            undefined,
            signal(),
          );
          assert.equal(await sha256(body!), await sha256(large));
        }
      })(),
      (async () => {
        for (let i = 0; i < 20; i++) await process.write(bytesOf(`input ${i}\n`), signal());
        process.closeInput();
      })(),
    ]);
    assert.equal((await process.exited).exitCode, 3);
    breaks = false;
    assert.equal(await read(sandbox, "log"), lines.join(""), `seed ${seed}`);
    assert.equal(await read(sandbox, "input"), Array.from({ length: 20 }, (_, i) => `input ${i}\n`).join(""));
    assert.equal(said, Array.from({ length: 4_000 }, (_, i) => `${i}\n`).join(""));
    assert.ok(terminals.opened.length > 5, `only ${terminals.opened.length} terminals`);
  }
});

Deno.test("a terminal that falls silent is noticed, and the call in it is done once", async () => {
  await using rig = await rigOf(() => {});
  const { sandbox, terminals } = rig;
  await sandbox.file("write", { path: "log", mode: "append" }, bytesOf("one\n"), signal());
  for (const terminal of terminals.opened) terminal.freeze();
  await sandbox.file("write", { path: "log", mode: "append" }, bytesOf("two\n"), signal());
  assert.equal(await read(sandbox, "log"), "one\ntwo\n");
  assert.ok(terminals.opened.length > 1);
});

Deno.test("content that is large has a terminal of its own, and small calls do not wait for it", async () => {
  await using rig = await rigOf(() => {});
  const { sandbox, terminals } = rig;
  const large = someBytes(4_000_000);
  await sandbox.file("write", { path: "large", mode: "replace" }, large, signal());
  await until("it has a terminal of its own", () => terminals.opened.length >= 2);
  await sandbox.file("write", { path: "small", mode: "replace" }, bytesOf("x"), signal());
  // The terminal of large content is stuck: what is small comes through.
  const reading = sandbox.file("read", { path: "large", offset: 0, length: 4_000_000 }, undefined, signal());
  terminals.opened[1]!.freeze();
  for (let i = 0; i < 20; i++) assert.equal(await read(sandbox, "small", 0, 10), "x");
  assert.equal(await sha256((await reading).body!), await sha256(large));
});

Deno.test("relays whose terminal was let go end, and the daemon with its session", async () => {
  const terminals = await localTerminals();
  const mark = `sess-relays-${crypto.randomUUID().slice(0, 8)}`;
  const host = createAgentHost({
    engines: [pythonEngine()],
    access: () => ({ place: SOMEWHERE, terminal: (command, within) => terminals.open(command, within) }),
  });
  const workspace = { directory: "", files: "scratch" } as const;
  await host.open(mark, { limits: STANDARD_LIMITS, existing: false, workspace }, signal());
  const daemons = async () => {
    const found: number[] = [];
    for (const pid of await processesWith("import sys,os,zlib,binascii")) {
      const environ = await Deno.readTextFile(`/proc/${pid}/environ`).catch(() => "");
      if (environ.includes(`HOME=${terminals.home}\0`)) found.push(pid);
    }
    return found.length;
  };
  // The relay, its daemon, and the program that has the terminal.
  const before = await daemons();
  assert.ok(before >= 2, `${before}`);
  await host.close();
  await until("the relay has gone", async () => await daemons() < before);
  const again = createAgentHost({
    engines: [pythonEngine()],
    access: () => ({ place: SOMEWHERE, terminal: (command, within) => terminals.open(command, within) }),
  });
  await again.remove(mark, signal());
  await until("all of it has gone", async () => await daemons() === 0);
  await again.close();
  await terminals[Symbol.asyncDispose]();
});
