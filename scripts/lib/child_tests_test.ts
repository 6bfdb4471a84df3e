import assert from "node:assert/strict";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { type ChildEnd, type ChildOptions, runChild, testArgs } from "./child_tests.ts";
import { readReport } from "./test_report.ts";

/** Runs `deno test` on one file with this text. `use` sees the running child's folder. */
async function runText(
  text: string,
  options: Partial<ChildOptions> = {},
  meanwhile?: (folder: string) => Promise<void>,
): Promise<ChildEnd> {
  const folder = await Deno.makeTempDir({ prefix: "coder-k8s-child-tests-" });
  try {
    const file = join(folder, "it_test.ts");
    await Deno.writeTextFile(file, text);
    const running = runChild(testArgs([file]), {
      env: { FOLDER: folder },
      output: join(folder, "output"),
      deadlineMs: 300_000,
      signal: new AbortController().signal,
      graceMs: 30_000,
      ...options,
    });
    await meanwhile?.(folder);
    return await running;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Resolves to what the child has written there. */
async function written(path: string): Promise<string> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    const text = await Deno.readTextFile(path).catch(() => "");
    if (text.endsWith("\n")) return text.trim();
    assert.ok(performance.now() < deadline, `nothing came to ${path}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A process counts as gone also when only its entry is left, since nobody in a container may wait for it. */
async function isGone(pid: number): Promise<boolean> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const { stdout } = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", String(pid)] }).output();
    const state = new TextDecoder().decode(stdout).trim();
    if (state === "" || state.startsWith("Z")) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

/** Starts a process that would stay, and keeps the output open. */
const LEAVES_ONE = `
const child = new Deno.Command("sleep", { args: ["300"] }).spawn();
child.unref();
Deno.writeTextFileSync(Deno.env.get("FOLDER") + "/pid", child.pid + "\\n");
`;

Deno.test("tests run with the variables they are given; output, exit code and time come back", async () => {
  const end = await runText(
    `Deno.test("x", () => { console.error(Deno.env.get("CODER_K8S_PROBE")); throw new Error("is bad"); });`,
    { env: { CODER_K8S_PROBE: "probe-7" } },
  );
  assert.equal(end.code, 1);
  assert.match(end.output, /probe-7/);
  assert.ok(end.milliseconds > 0);
  const report = readReport("x", end.code, end.output);
  assert.equal(report.failed, 1);
  assert.match(report.failures[0]?.name ?? "", /^x => \S+it_test\.ts:1:6$/);
  assert.match(report.failures[0]?.details ?? "", /^error: Error: is bad/);
});

Deno.test("what a test leaves behind keeps nobody waiting, and ends with it", async () => {
  let pid = 0;
  const end = await runText(
    `Deno.test({ name: "x", sanitizeResources: false, fn() { ${LEAVES_ONE} } });`,
    {},
    async (folder) => void (pid = Number(await written(join(folder, "pid")))),
  );
  assert.equal(end.code, 0, end.output);
  assert.ok(await isGone(pid), `process ${pid} is still there`);
});

Deno.test("one that hangs is ended at its deadline", async () => {
  const end = await runText(
    `Deno.test("never ends", () => new Promise(() => setInterval(() => {}, 1000)));`,
    { deadlineMs: 300 },
  );
  assert.notEqual(end.code, 0);
  assert.match(end.output, /ended from outside: it took longer than 0.3 s\n$/);
  assert.equal(readReport("x", end.code, end.output).failed, 1);
});

Deno.test("one that is ended names the tests that ran", async () => {
  const stop = new AbortController();
  const end = await runText(
    `Deno.test("never ends", () => {
       Deno.writeTextFileSync(Deno.env.get("FOLDER") + "/began", "\\n");
       return new Promise(() => setInterval(() => {}, 1000));
     });`,
    { signal: stop.signal },
    async (folder) => {
      await written(join(folder, "began"));
      stop.abort(new Error("enough"));
    },
  );
  // Colours come where the environment asks for them.
  const output = stripVTControlCharacters(end.output);
  assert.match(output, /tests were pending:[^]*never ends => [^]*ended from outside: enough\n$/);
});

Deno.test("one that does not listen is killed with what it has started, as soon as the signal says so", async () => {
  const stop = new AbortController();
  let pid = 0;
  const end = await runText(
    `Deno.addSignalListener("SIGINT", () => {});
     Deno.test({ name: "x", async fn() { ${LEAVES_ONE} for (;;) { Deno.readDirSync("/"); } } });`,
    { signal: stop.signal, graceMs: 200 },
    async (folder) => {
      pid = Number(await written(join(folder, "pid")));
      stop.abort(new Error("enough"));
    },
  );
  assert.notEqual(end.code, 0);
  assert.match(end.output, /ended from outside: enough\n$/);
  assert.ok(await isGone(pid), `process ${pid} is still there`);
});

Deno.test("with a signal that is aborted already nothing goes on", async () => {
  const end = await runText(`Deno.test("x", () => new Promise((resolve) => setTimeout(resolve, 60_000)));`, {
    signal: AbortSignal.abort(new Error("never")),
    graceMs: 100,
  });
  assert.notEqual(end.code, 0);
  assert.ok(end.milliseconds < 60_000, String(end.milliseconds));
});
