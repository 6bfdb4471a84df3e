import { equal, match, ok, rejects } from "node:assert/strict";
import { waitFor } from "../../cluster/mod.ts";
import type { Block } from "./page.ts";
import { PageShell } from "./shell.ts";

const LONG_MS = 120_000;

function block(text: string, more: Partial<Block> = {}): Block {
  return {
    kind: "run",
    line: 1,
    text: `${text}\n`,
    background: false,
    fails: false,
    expect: [],
    retryMs: undefined,
    timeoutMs: LONG_MS,
    ...more,
  };
}

const expecting = (text: string) => ({ expect: [{ pattern: new RegExp(text, "m"), text }] });

/** One that nobody has waited for is over, too. */
async function hasEnded(pid: number): Promise<boolean> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  return stat === "" || /^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
}

async function inShell(
  run: (shell: PageShell, cwd: string) => Promise<void>,
  signal = AbortSignal.timeout(LONG_MS),
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "coder-k8s-shell-" });
  const [cwd, scratch] = [`${dir}/work`, `${dir}/scratch`];
  await Promise.all([cwd, scratch].map((path) => Deno.mkdir(path)));
  try {
    await using shell = new PageShell({
      cwd,
      dir: scratch,
      env: { PATH: Deno.env.get("PATH") ?? "", GIVEN: "1" },
      signal,
    });
    await run(shell, cwd);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("variables and the directory are kept between blocks", () =>
  inShell(async (shell) => {
    await shell.run(block("A=one; export B=two; mkdir d; cd d; f() { echo called; }"));
    await shell.run(
      block('echo "$A $B $GIVEN"; pwd; f; sh -c \'echo "below: $B"\'', expecting("^one two 1$")),
    );
    await shell.run(block("f; pwd", expecting("work/d$")));
  }));

Deno.test("the first command that fails ends a block, in a pipe, too, and tells its output", () =>
  inShell(async (shell) => {
    await rejects(shell.run(block("echo before\nls /nowhere\necho after")), (error: Error) => {
      match(error.message, /^line 1: it ended with exit code 2\n--- commands ---\necho before\n/);
      match(error.message, /--- output ---\nbefore\nls: .*nowhere/);
      ok(!error.message.split("--- output ---")[1]?.includes("after"));
      return true;
    });
    await rejects(shell.run(block("true")), /the shell of the page has ended/);
  }));

for (
  const [what, text, told] of [
    ["a command in a pipe", "false | cat", /exit code 1/],
    ["a variable that is not set", 'echo "$NOWHERE"', /NOWHERE: unbound variable/],
    ["a syntax error", "if then", /syntax error/],
    ["the end of the shell", "exit 0", /it has ended the shell/],
  ] as const
) {
  Deno.test(`a block fails for ${what}`, () =>
    inShell(async (shell) => {
      await rejects(shell.run(block(text)), told);
    }));
}

Deno.test("options that a block sets are its own", () =>
  inShell(async (shell) => {
    await shell.run(block("set +e; false; true"));
    await rejects(shell.run(block("false; true")), /exit code 1/);
  }));

Deno.test("the output must contain what is expected", () =>
  inShell(async (shell) => {
    await shell.run(
      block("echo out; echo err >&2", {
        expect: [/^out$/m, /^err$/m].map((pattern) => ({ pattern, text: String(pattern) })),
      }),
    );
    await rejects(shell.run(block("echo other", expecting("out"))), /its output has no "out"/);
  }));

Deno.test("what fails as the page says is well, and the page goes on", () =>
  inShell(async (shell) => {
    await shell.run(block("echo no >&2; false", { fails: true, ...expecting("^no$") }));
    await rejects(shell.run(block("true", { fails: true })), /it succeeded, and the page says that it fails/);
    await shell.run(block("true"));
  }));

Deno.test("a block is retried until it succeeds with what is expected", () =>
  inShell(async (shell) => {
    const text = 'echo x >>count; test "$(wc -l <count)" -ge 2; test "$(wc -l <count)" -lt 3 || echo done';
    await shell.run(block(text, { retryMs: LONG_MS, ...expecting("^done$") }));
    await shell.run(block('test "$(wc -l <count)" -eq 3'));
    await rejects(
      shell.run(block("echo still; false", { retryMs: 1 })),
      /it ended with exit code 1, and so it stayed[\s\S]*still/,
    );
  }));

Deno.test("a block that takes too long is ended, with all that it has started", () =>
  inShell(async (shell) => {
    const file = await Deno.makeTempFile();
    try {
      const text = `sleep 3600 & echo $! >${file}; echo begun; wait`;
      await rejects(shell.run(block(text, { timeoutMs: 5_000 })), /it took longer than 5 s[\s\S]*begun/);
      const pid = Number(await Deno.readTextFile(file));
      await waitFor(() => hasEnded(pid), { what: "the process to end", timeoutMs: LONG_MS });
    } finally {
      await Deno.remove(file);
    }
  }));

Deno.test("a signal ends a block with its reason", async () => {
  const stop = new AbortController();
  await inShell(async (shell, cwd) => {
    const run = shell.run(block("echo x >begun; sleep 3600"));
    const ended = rejects(run, /the page took too long/);
    await waitFor(() => Deno.stat(`${cwd}/begun`), { what: "the block to begin", timeoutMs: LONG_MS });
    stop.abort("the page took too long");
    await ended;
  }, stop.signal);
});

Deno.test("what is in the background goes on, is waited for until it says something, and ends with the page", async () => {
  let pid = 0;
  await inShell(async (shell, cwd) => {
    const text =
      "echo $BASHPID >pid; echo starting; while test ! -e go; do sleep 0.05; done; echo ready; exec sleep 3600";
    await shell.run(block("touch go"));
    await shell.run(block(text, { background: true, ...expecting("^ready$") }));
    await shell.run(block("test -s pid"));
    pid = Number(await Deno.readTextFile(`${cwd}/pid`));
    equal((await Deno.readTextFile(`/proc/${pid}/cmdline`)).includes("3600"), true);
    await shell.finish();
  });
  ok(await hasEnded(pid));
});

Deno.test("what fails in the background is told, at once or at the end", () =>
  inShell(async (shell, cwd) => {
    const early = block("echo broken; exit 3", { background: true, ...expecting("ready") });
    await rejects(shell.run(early), /it ended with exit code 3[\s\S]*broken/);
    await shell.run(
      block("while test ! -e go; do sleep 0.05; done; echo late; exit 4", { background: true }),
    );
    await shell.finish();
    await Deno.writeTextFile(`${cwd}/go`, "");
    const told = await waitFor(() => shell.finish().then(() => undefined, (error: Error) => error), {
      what: "the failure",
      timeoutMs: LONG_MS,
    });
    match(told.message, /exit code 4[\s\S]*late/);
  }));

Deno.test("files are written where the page is, with folders", () =>
  inShell(async (shell, cwd) => {
    await shell.run(block("mkdir d; cd d"));
    await shell.run(block("a: '1'", { kind: "file", name: "sub/it's.yaml" }));
    equal(await Deno.readTextFile(`${cwd}/d/sub/it's.yaml`), "a: '1'\n");
    await shell.run(block("touch blocker"));
    await rejects(shell.run(block("x", { kind: "file", name: "blocker/x" })), /the file cannot be written/);
  }));

Deno.test("blocks have no input to wait for", () =>
  inShell(async (shell) => {
    await shell.run(block("cat; read -r line || echo none", expecting("none")));
  }));
