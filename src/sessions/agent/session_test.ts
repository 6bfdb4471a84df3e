/** One session: what its calls say when the workspace cannot be reached, and how it goes on afterwards. */
import assert from "node:assert/strict";
import { silentLogger } from "../../telemetry/logger.ts";
import { settle } from "../../telemetry/testing/fake_clock.ts";
import { systemClock } from "../../telemetry/clock.ts";
import { PATIENCE_MS, run, until } from "../sandbox/testing.ts";
import type { SpawnSpec } from "../sandbox/types.ts";
import { SessionError, STANDARD_LIMITS } from "../types.ts";
import { type EngineSandbox, NOT_HERE } from "./engine.ts";
import { pythonEngine, type PythonEngineOptions } from "./python_engine.ts";
import { bytesOf, read } from "./suite/rig.ts";
import { type LocalTerminals, localTerminals } from "./testing.ts";
import { SOMEWHERE } from "./testing/hosts.ts";

const signal = () => AbortSignal.timeout(PATIENCE_MS);

interface Rig extends AsyncDisposable {
  readonly terminals: LocalTerminals;
  readonly sandbox: EngineSandbox;
  /** Terminals that are open now. */
  open(): Promise<number>;
  /** From now on there is no way there: terminals break, and none can be opened. */
  away(): void;
  back(): void;
}

async function rigOf(options: PythonEngineOptions): Promise<Rig> {
  const terminals = await localTerminals();
  let isAway = false;
  const context = {
    id: "sess-one",
    access: () => ({
      place: SOMEWHERE,
      terminal: (command: string, within: AbortSignal) => {
        if (isAway) return Promise.reject(new SessionError("unavailable", "the workspace is stopped"));
        return terminals.open(command, within);
      },
    }),
    clock: systemClock,
    log: silentLogger,
  };
  const workspace = { directory: "", files: "scratch" } as const;
  const sandbox = await pythonEngine(options).open(
    context,
    { limits: STANDARD_LIMITS, existing: false, workspace },
    signal(),
  );
  if (sandbox === NOT_HERE) return assert.fail("there is no Python");
  return {
    terminals,
    sandbox,
    async open() {
      const closed = new Set<unknown>();
      for (const terminal of terminals.opened) void terminal.closed.then(() => closed.add(terminal));
      await settle();
      return terminals.opened.length - closed.size;
    },
    away() {
      isAway = true;
      for (const terminal of terminals.opened) terminal.cut();
    },
    back: () => void (isAway = false),
    async [Symbol.asyncDispose]() {
      isAway = false;
      await sandbox.remove(signal());
      await terminals[Symbol.asyncDispose]();
    },
  };
}

async function counter(sandbox: EngineSandbox) {
  let said = "";
  const spec: SpawnSpec = {
    argv: ["sh", "-c", "while read line; do echo got $line; done; echo end; exit 6"],
    cwd: ".",
    env: {},
    onOutput: (_, bytes) => void (said += new TextDecoder().decode(bytes)),
    onLost: (_, lost) => assert.fail(`${lost} bytes are lost`),
    shared: { command: "counts", timeoutMs: 0 },
  };
  const process = await sandbox.spawn(spec, signal());
  return { process, said: () => said };
}

async function failureOf(promise: Promise<unknown>): Promise<SessionError> {
  const error = await promise.then(() => undefined, (cause: unknown) => cause);
  assert.ok(error instanceof SessionError, String(error));
  return error;
}

/** Takes longer than anybody waits. */
function slowSearch(sandbox: EngineSandbox, within: AbortSignal): Promise<unknown> {
  const input = {
    query: "(a|a|aa)+$b",
    regex: true,
    path: "big.txt",
    ignoreCase: false,
    context: 0,
    limit: 10,
  };
  return sandbox.file("search", input, undefined, within);
}

/** How many processes the session's daemon has, but for the one that looks. */
async function childrenOf(sandbox: EngineSandbox): Promise<number> {
  const { stdout } = await run(sandbox, "cat /proc/$PPID/task/$PPID/children");
  return stdout.split(" ").filter((word) => word.trim() !== "").length - 1;
}

Deno.test("a session without calls has no terminal, and goes on where it was", async () => {
  await using rig = await rigOf({ idleMs: 300 });
  const { sandbox } = rig;
  const { process, said } = await counter(sandbox);
  await process.write(bytesOf("one\n"), signal());
  await until("its terminals are closed", async () => await rig.open() === 0);
  const before = rig.terminals.opened.length;
  // Whoever looks from time to time keeps no workspace awake.
  const usage = await sandbox.usage();
  assert.equal(usage.processes, 0, "by the last look");
  assert.equal(rig.terminals.opened.length, before);
  assert.equal(sandbox.shared!.isCurrent, false);
  await process.write(bytesOf("two\n"), signal());
  process.closeInput();
  assert.equal((await process.exited).exitCode, 6);
  assert.equal(said(), "got one\ngot two\nend\n");
});

Deno.test("what had begun is not known, what had not was not done; afterwards all goes on", async () => {
  await using rig = await rigOf({ patienceMs: 700 });
  const { sandbox } = rig;
  const { process, said } = await counter(sandbox);
  await run(sandbox, "head -c 3000000 /dev/zero | tr '\\0' 'a' > big.txt");
  // Both are in the middle of their work when the way is lost.
  const quiet = run(sandbox, "echo x > begun; sleep 1000");
  await until("it has begun", async () => (await run(sandbox, "cat begun")).stdout === "x\n");
  const before = await childrenOf(sandbox);
  const searching = failureOf(slowSearch(sandbox, signal()));
  await until("it searches", async () => await childrenOf(sandbox) > before);
  rig.away();
  const written = failureOf(
    sandbox.file("write", { path: "never", mode: "replace" }, bytesOf("x"), signal()),
  );
  assert.equal((await searching).code, "unknown_outcome");
  const code = (await written).code;
  assert.ok(code === "unavailable" || code === "unknown_outcome", code);
  // What nobody else sees ends with the connection.
  assert.deepEqual(await quiet.then(({ signal }) => signal, () => "refused"), "SIGKILL");
  const refused = await failureOf(
    sandbox.file("write", { path: "never", mode: "replace" }, bytesOf("x"), signal()),
  );
  assert.equal(refused.code, "unavailable");
  assert.match(refused.message, /the workspace is stopped/);
  rig.back();
  await process.write(bytesOf("after\n"), signal());
  process.closeInput();
  assert.equal((await process.exited).exitCode, 6);
  assert.equal(said(), "got after\nend\n");
  assert.equal((await run(sandbox, "ls begun")).stdout, "begun\n");
});

Deno.test("whoever waits for a process hears of its end when the way is back, without a call", async () => {
  await using rig = await rigOf({ patienceMs: 300 });
  const { sandbox } = rig;
  const process = await sandbox.spawn({
    argv: ["sh", "-c", "sleep 1; exit 8"],
    cwd: ".",
    env: {},
    onOutput() {},
    shared: { command: "ends", timeoutMs: 0 },
  }, signal());
  rig.away();
  await until("it was given up", () => !sandbox.shared!.isCurrent);
  rig.back();
  assert.equal((await process.exited).exitCode, 8);
});

Deno.test("a daemon that was ended by force: its processes are over, the next call begins another", async () => {
  await using rig = await rigOf({});
  const { sandbox } = rig;
  const { process } = await counter(sandbox);
  await sandbox.file("write", { path: "kept", mode: "replace" }, bytesOf("kept"), signal());
  const daemon = Number((await run(sandbox, "echo $PPID")).stdout);
  Deno.kill(daemon, "SIGKILL");
  await until("it is noticed", () => !sandbox.shared!.isCurrent);
  assert.equal(await read(sandbox, "kept"), "kept");
  await sandbox.shared!.refresh(signal());
  assert.deepEqual(await process.exited, { signal: "SIGKILL" });
  assert.equal(sandbox.shared!.before, process.number);
  const { process: next } = await counter(sandbox);
  assert.ok(next.number! > process.number!);
});

Deno.test("a call that nobody waits for any more is ended in the workspace", async () => {
  await using rig = await rigOf({});
  const { sandbox } = rig;
  await run(sandbox, "head -c 3000000 /dev/zero | tr '\\0' 'a' > big.txt");
  const abort = new AbortController();
  const search = slowSearch(sandbox, abort.signal);
  await until("its child runs", async () => await childrenOf(sandbox) > 0);
  abort.abort(new Error("enough"));
  await assert.rejects(() => search, /enough/);
  await until("its child is gone", async () => await childrenOf(sandbox) === 0);
});
