/** Terminals that break at any byte, or fall silent: what changes something is done once, and nothing is lost. */
import assert from "node:assert/strict";
import { below, seededRandom } from "../../../telemetry/testing/random.ts";
import { PATIENCE_MS } from "../../sandbox/testing.ts";
import type { Sandbox, SandboxHost } from "../../sandbox/types.ts";
import { SessionError, STANDARD_LIMITS } from "../../types.ts";
import { createAgentHost } from "../host.ts";
import { bytesOf, read, sha256, someBytes, textOf } from "../suite/rig.ts";
import { type LocalTerminal, type LocalTerminals, localTerminals } from "../testing.ts";
import { SOMEWHERE } from "../testing/hosts.ts";
import { shellEngine } from "./mod.ts";
import { pythonProgram } from "../../../../tests/sessions/agents/shells.ts";

const signal = () => AbortSignal.timeout(PATIENCE_MS);
const workspace = { directory: "", files: "scratch" } as const;
const options = { limits: STANDARD_LIMITS, existing: false, workspace };

interface Rig extends AsyncDisposable {
  readonly terminals: LocalTerminals;
  readonly host: SandboxHost;
  readonly sandbox: Sandbox;
}

/** A session whose terminals are handed to `onOpen` as they come; it may refuse them. */
async function rigOf(onOpen: (terminal: LocalTerminal, number: number) => void = () => {}): Promise<Rig> {
  const terminals = await localTerminals();
  const host = createAgentHost({
    engines: [shellEngine()],
    access: () => ({
      place: SOMEWHERE,
      terminal: async (command, within) => {
        const terminal = await terminals.open(command, within);
        onOpen(terminal, terminals.opened.length);
        return terminal;
      },
    }),
  });
  const sandbox = await host.open("sess-cut", options, signal());
  return {
    terminals,
    host,
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
      // One after another gets far enough for the largest answer.
      if (breaks && number > 1) terminal.cutAfter(number % 3 === 0 ? 40_000 : 60 + below(random, 3_000));
    });
    const { sandbox, terminals } = rig;
    const lines = Array.from({ length: 30 }, (_, i) => `line ${i} of ${seed}\n`);
    const large = someBytes(15_000, seed);
    let said = "";
    const process = await sandbox.spawn({
      argv: ["sh", "-c", "i=0; while [ $i -lt 4000 ]; do echo $i; i=$((i + 1)); done; cat > input; exit 3"],
      cwd: ".",
      env: {},
      onOutput: (_, bytes) => void (said += textOf(bytes)),
      onLost: (_, lost) => assert.fail(`${lost} bytes of output are lost`),
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
          const asked = { path: `large-${i}`, offset: 0, length: 2 ** 20 };
          const { body } = await sandbox.file("read", asked, undefined, signal());
          assert.equal(await sha256(body!), await sha256(large));
        }
      })(),
      (async () => {
        for (let i = 0; i < 10; i++) await process.write(bytesOf(`input ${i}\n`), signal());
        process.closeInput();
      })(),
    ]);
    assert.equal((await process.exited).exitCode, 3);
    breaks = false;
    assert.equal(await read(sandbox, "log"), lines.join(""), `seed ${seed}`);
    const input = Array.from({ length: 10 }, (_, i) => `input ${i}\n`).join("");
    assert.equal(await read(sandbox, "input"), input);
    assert.equal(said, Array.from({ length: 4_000 }, (_, i) => `${i}\n`).join(""));
    assert.ok(terminals.opened.length > 5, `only ${terminals.opened.length} terminals`);
  }
});

Deno.test("a terminal that falls silent is noticed, and the call in it is done once", async () => {
  await using rig = await rigOf();
  const { sandbox, terminals } = rig;
  await sandbox.file("write", { path: "log", mode: "append" }, bytesOf("one\n"), signal());
  for (const terminal of terminals.opened) terminal.freeze();
  await sandbox.file("write", { path: "log", mode: "append" }, bytesOf("two\n"), signal());
  assert.equal(await read(sandbox, "log"), "one\ntwo\n");
  assert.ok(terminals.opened.length > 1);
});

Deno.test("a workspace that goes away: nothing was done, or it is not known", async () => {
  let isAway = false;
  let onTyped = () => {};
  await using rig = await rigOf((terminal) => {
    if (!isAway) return;
    terminal.close();
    throw new SessionError("unavailable", "the workspace is not running: start it");
  });
  const { sandbox, terminals } = rig;
  const append = (line: string) =>
    sandbox.file("write", { path: "log", mode: "append" }, bytesOf(line), signal());
  await append("one\n");
  isAway = true;
  await terminals.hangUp();
  await assert.rejects(() => append("two\n"), { code: "unavailable", message: /start it/ });
  await assert.rejects(() => read(sandbox, "log"), { code: "unavailable" });
  isAway = false;
  assert.equal(await read(sandbox, "log"), "one\n");
  // Away in the middle: what was asked is on its way.
  const open = terminals.opened.at(-1)!;
  const type = open.type.bind(open);
  open.type = async (text, within) => {
    await type(text, within);
    onTyped();
  };
  onTyped = () => {
    isAway = true;
    open.cut();
  };
  await assert.rejects(() => append("three\n"), {
    code: "unknown_outcome",
    message: /look whether it was done/,
  });
  isAway = false;
  assert.match(await read(sandbox, "log"), /^one\n(three\n)?$/);
});

Deno.test("a call that is given up ends in the workspace, and others go on", async () => {
  await using rig = await rigOf();
  const { sandbox } = rig;
  await sandbox.file("write", { path: "file", mode: "replace" }, bytesOf("x"), signal());
  const abort = new AbortController();
  const search = { path: ".", query: "x", regex: false, ignoreCase: false, context: 0, limit: 1 };
  const searching = sandbox.file("search", search, undefined, abort.signal);
  abort.abort(new Error("given up"));
  await assert.rejects(() => searching, /given up/);
  const writing = sandbox.file("write", { path: "file", mode: "append" }, someBytes(2_000_000), abort.signal);
  await assert.rejects(() => writing, /given up/);
  assert.equal(await read(sandbox, "file"), "x");
});

Deno.test("many calls at once share few terminals", async () => {
  await using rig = await rigOf();
  const { sandbox, terminals } = rig;
  await Promise.all(
    Array.from(
      { length: 60 },
      (_, i) => sandbox.file("write", { path: `many/${i}`, mode: "create" }, bytesOf(`${i}`), signal()),
    ),
  );
  const all = await Promise.all(Array.from({ length: 60 }, (_, i) => read(sandbox, `many/${i}`)));
  assert.deepEqual(all, Array.from({ length: 60 }, (_, i) => `${i}`));
  assert.ok(terminals.opened.length <= 8, `${terminals.opened.length} terminals`);
});

Deno.test("noise of the login shell, and what looks like an answer, are no answers", async () => {
  const terminals = await localTerminals();
  const host = createAgentHost({
    engines: [shellEngine()],
    access: () => ({
      place: SOMEWHERE,
      terminal: (command, within) =>
        terminals.open(`echo 'Welcome!'; printf '\\nMARK h 1\\n'; stty 2>/dev/null; ${command}`, within),
    }),
  });
  const sandbox = await host.open("sess-noise", options, signal());
  const content = "\nMARK e 1\n\nMARK b 2\n".repeat(10);
  await sandbox.file("write", { path: "file", mode: "replace" }, bytesOf(content), signal());
  assert.equal(await read(sandbox, "file"), content);
  await host.remove("sess-noise", signal());
  await host.close();
  await terminals[Symbol.asyncDispose]();
});

Deno.test("an image without what a shell needs says so, and what to install", async () => {
  const directory = await Deno.makeTempDir();
  for (const tool of ["sh", "stty", "head", "base64", "cat"]) {
    await Deno.symlink(await Deno.realPath(`/bin/${tool}`), `${directory}/${tool}`);
  }
  await Deno.symlink(await pythonProgram(), `${directory}/python3`);
  const terminals = await localTerminals({ path: directory });
  const host = createAgentHost({
    engines: [shellEngine()],
    access: () => ({ place: SOMEWHERE, terminal: (command, within) => terminals.open(command, within) }),
  });
  await assert.rejects(
    () => host.open("sess-bare", options, signal()),
    { code: "failed", message: /has no dd.*install python3/ },
  );
  await host.close();
  await terminals[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});
