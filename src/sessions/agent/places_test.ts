/** Where the state of a session is, and what stands in the way of one: homes, profiles, Pythons, earlier sessions. */
import assert from "node:assert/strict";
import { PATIENCE_MS, processesWith, run, until } from "../sandbox/testing.ts";
import { type SessionErrorCode, STANDARD_LIMITS } from "../types.ts";
import { type EngineContext, type EngineSandbox, NOT_HERE } from "./engine.ts";
import { createAgentHost } from "./host.ts";
import { pythonEngine, type PythonEngineOptions } from "./python_engine.ts";
import { type LocalTerminals, localTerminals, type LocalTerminalsOptions } from "./testing.ts";
import { onTerminals, SOMEWHERE } from "./testing/hosts.ts";
import { systemClock } from "../../telemetry/clock.ts";
import { silentLogger } from "../../telemetry/logger.ts";

const signal = () => AbortSignal.timeout(PATIENCE_MS);
const SCRATCH = {
  limits: STANDARD_LIMITS,
  existing: false,
  workspace: { directory: "", files: "scratch" },
} as const;

function contextOf(terminals: LocalTerminals, id = "sess-place"): EngineContext {
  return {
    id,
    access: () => ({ place: SOMEWHERE, terminal: (command, within) => terminals.open(command, within) }),
    clock: systemClock,
    log: silentLogger,
  };
}

async function opened(
  terminals: LocalTerminals,
  options: PythonEngineOptions = {},
): Promise<EngineSandbox> {
  const sandbox = await pythonEngine(options).open(contextOf(terminals), SCRATCH, signal());
  if (sandbox === NOT_HERE) return assert.fail("the other engine is wanted");
  return sandbox;
}

async function placeOf(options: LocalTerminalsOptions): Promise<string> {
  await using terminals = await localTerminals(options);
  const sandbox = await opened(terminals);
  const { stdout } = await run(sandbox, "pwd");
  await sandbox.remove(signal());
  return stdout.trim();
}

async function temporary(): Promise<string> {
  return await Deno.realPath(await Deno.makeTempDir({ prefix: "place-" }));
}

Deno.test("state is in the home directory, however long its name is", async () => {
  const base = await temporary();
  const home = `${base}/${"long name ".repeat(15)}`;
  await Deno.mkdir(home);
  assert.equal(await placeOf({ home }), `${home}/.coder-k8s/sessions/sess-place/files`);
  assert.equal((await Deno.stat(`${home}/.coder-k8s`)).mode! & 0o777, 0o700);
  await Deno.remove(base, { recursive: true });
});

Deno.test("where there is no home that can be written, or it is everybody's, it is elsewhere", async () => {
  const runtime = await temporary();
  const place = `${runtime}/coder-k8s/sessions/sess-place/files`;
  const env = { XDG_RUNTIME_DIR: runtime, HOME: "/proc/no-such-home" };
  assert.equal(await placeOf({ env }), place);

  const home = await temporary();
  await Deno.mkdir(`${home}/.coder-k8s`);
  await Deno.chmod(`${home}/.coder-k8s`, 0o777);
  assert.equal(await placeOf({ home, env: { XDG_RUNTIME_DIR: runtime } }), place);
  await Deno.remove(`${home}/.coder-k8s`);
  await Deno.symlink(runtime, `${home}/.coder-k8s`);
  assert.equal(await placeOf({ home, env: { XDG_RUNTIME_DIR: runtime } }), place);
  for (const path of [home, runtime]) await Deno.remove(path, { recursive: true });
});

Deno.test("profiles may say what they like", async () => {
  const base = await temporary();
  const shell = `${base}/noisy`;
  const noise = `#!/bin/sh
echo "Welcome! 0123456789abcdef0123456789abcdef none"
printf '\\033[2J\\377\\376'
head -c 3000000 /dev/zero | tr '\\0' m
set -x
eval "$2"
`;
  await Deno.writeTextFile(shell, noise);
  await Deno.chmod(shell, 0o755);
  await using terminals = await localTerminals({ shell });
  const sandbox = await opened(terminals);
  assert.equal((await run(sandbox, "echo heard")).stdout, "heard\n");
  await sandbox.remove(signal());
  await Deno.remove(base, { recursive: true });
});

Deno.test("a terminal that ends before it begins says what it said", async () => {
  const base = await temporary();
  const shell = `${base}/closed`;
  await Deno.writeTextFile(shell, "#!/bin/sh\necho This account is not available.\n");
  await Deno.chmod(shell, 0o755);
  await using terminals = await localTerminals({ shell });
  await assert.rejects(() => opened(terminals), {
    code: "unavailable",
    message: /This account is not available/,
  });
  await Deno.remove(base, { recursive: true });
});

Deno.test("without a Python that is new enough and starts, the other engine is wanted", async () => {
  const base = await temporary();
  await Deno.writeTextFile(`${base}/broken`, "#!/bin/sh\necho no such version >&2; exit 1\n");
  await Deno.chmod(`${base}/broken`, 0o755);
  await using terminals = await localTerminals();
  for (const pythons of [["no-such-python"], [`${base}/broken`]]) {
    const engine = pythonEngine({ pythons });
    assert.equal(await engine.open(contextOf(terminals), SCRATCH, signal()), NOT_HERE);
    assert.equal(await engine.remove(contextOf(terminals), signal()), NOT_HERE);
  }
  await Deno.remove(base, { recursive: true });
});

Deno.test("a session that the shell has begun stays its own", async () => {
  await using terminals = await localTerminals();
  const state = `${terminals.home}/.coder-k8s/sessions/sess-place`;
  await Deno.mkdir(state, { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(`${state}/shell`, "");
  assert.equal(await pythonEngine().open(contextOf(terminals), SCRATCH, signal()), NOT_HERE);
  assert.equal(await pythonEngine().remove(contextOf(terminals), signal()), NOT_HERE);
});

Deno.test("where no engine can do it, words say so; the second is asked where the first cannot", async () => {
  await using terminals = await localTerminals();
  const none = createAgentHost({
    access: onTerminals(terminals),
    engines: [pythonEngine({ pythons: ["none"] })],
  });
  await assert.rejects(() => none.open("sess-a", SCRATCH, signal()), {
    code: "failed",
    message: /Install python3/,
  });
  await assert.rejects(() => none.remove("sess-a", signal()), { code: "failed", message: /Install python3/ });
  const both = createAgentHost({
    access: onTerminals(terminals),
    engines: [pythonEngine({ pythons: ["none"] }), pythonEngine()],
  });
  const sandbox = await both.open("sess-a", SCRATCH, signal());
  assert.equal((await run(sandbox, "echo second")).stdout, "second\n");
  await both.remove("sess-a", signal());
  await both.close();
});

Deno.test("without anybody's access nothing is done, and what access says is told", async () => {
  const host = createAgentHost({ access: () => undefined, engines: [pythonEngine()] });
  await assert.rejects(() => host.open("sess-a", SCRATCH, signal()), {
    code: "unavailable",
    message: /nobody has used/,
  });
  await host.close();
  const refused = createAgentHost({
    access: () => ({ place: SOMEWHERE, terminal: () => Promise.reject(new Error("502 Bad Gateway")) }),
    engines: [pythonEngine()],
  });
  await assert.rejects(() => refused.open("sess-a", SCRATCH, signal()), {
    code: "unavailable",
    message: /502/,
  });
  await refused.close();
});

Deno.test("two that open a session at once have one daemon", async () => {
  await using terminals = await localTerminals();
  const hosts = [1, 2, 3].map(() =>
    createAgentHost({ access: onTerminals(terminals), engines: [pythonEngine()] })
  );
  const all = await Promise.all(hosts.map((host) => host.open("sess-one", SCRATCH, signal())));
  const parents = await Promise.all(all.map(async (one) => (await run(one, "echo $PPID")).stdout));
  assert.equal(new Set(parents).size, 1);
  await hosts[0]!.remove("sess-one", signal());
  for (const host of hosts) await host.close();
});

Deno.test("scratch files that are gone are not made anew for a session that had some", async () => {
  await using terminals = await localTerminals();
  const host = createAgentHost({ access: onTerminals(terminals), engines: [pythonEngine()] });
  const existing = { ...SCRATCH, existing: true };
  await assert.rejects(() => host.open("sess-had", existing, signal()), {
    code: "not_found",
    message: /files are gone/,
  });
  await host.close();
});

Deno.test("a daemon that nobody comes back to ends, with what was the session's", async () => {
  await using terminals = await localTerminals();
  const options = { ...SCRATCH, workspace: { ...SCRATCH.workspace, keepMs: 1_000 } };
  const host = createAgentHost({ access: onTerminals(terminals), engines: [pythonEngine()] });
  const sandbox = await host.open("sess-left", options, signal());
  const marker = `${terminals.home}/alive`;
  await run(sandbox, `(while :; do date >> ${marker}; sleep 0.05; done) > /dev/null 2>&1 &`);
  await until("it writes", async () => await Deno.stat(marker).then(() => true, () => false));
  const state = `${terminals.home}/.coder-k8s/sessions/sess-left`;
  assert.ok((await Deno.stat(state)).isDirectory);
  await host.close();
  await until("it has gone", async () => await Deno.stat(state).then(() => false, () => true));
  await until("all of it has ended", async () => (await processesWith(marker)).length === 0);
});

Deno.test("what a daemon is asked that makes no sense harms nobody else", async () => {
  await using terminals = await localTerminals();
  const host = createAgentHost({ access: onTerminals(terminals), engines: [pythonEngine()] });
  const sandbox = await host.open("sess-odd", SCRATCH, signal());
  const process = await sandbox.spawn({ argv: ["cat"], cwd: ".", env: {}, onOutput() {} }, signal());
  const state = `${terminals.home}/.coder-k8s/sessions/sess-odd`;
  const odd = [
    "import socket; s = socket.socket(socket.AF_UNIX); s.connect('s'); s.sendall(b'GET / HTTP/1.1' * 100)",
    "import socket; s = socket.socket(socket.AF_UNIX); s.connect('s'); s.sendall(b'\\0' * 20)",
    "import socket; s = socket.socket(socket.AF_UNIX); s.connect('s')",
  ];
  for (const code of odd) {
    const ran = await run(sandbox, [
      "python3",
      "-c",
      `import os; os.chdir(${JSON.stringify(state)}); ${code}`,
    ]);
    assert.equal(ran.exitCode, 0, ran.stderr);
  }
  const codes: SessionErrorCode[] = [];
  for (const [op, input] of [["read", {}], ["write", { path: 3 }], ["nothing", {}]] as const) {
    await sandbox.file(op, input, new Uint8Array(1), signal()).catch(({ code }) => codes.push(code));
  }
  assert.equal(codes.length, 3);
  process.closeInput();
  assert.equal((await process.exited).exitCode, 0);
  await host.remove("sess-odd", signal());
  await host.close();
});
