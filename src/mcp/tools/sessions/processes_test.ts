import assert from "node:assert/strict";
import { toolRig } from "../../testing.ts";
import { processTools } from "./processes.ts";
import { type Answer, answeringSessions, RECORD, type SeenCall } from "./testing.ts";

const tool = (name: string, answer: (call: SeenCall) => Answer) => {
  const { sessions, seen } = answeringSessions(answer);
  return { tool: processTools(sessions).find((one) => one.name === name)!, seen };
};
const done = {
  process: "proc-1",
  state: "exited",
  exitCode: 0,
  stdout: "hello\n",
  stderr: "",
  nextStdout: 6,
  nextStderr: 0,
  durationMs: 12,
};

Deno.test("a command answers with its end and what it wrote, and tells what it writes meanwhile", async () => {
  const { tool: run, seen } = tool("run.command", () => ({ output: done }));
  const rig = toolRig();
  const { text, output, changed } = await rig.run(run, { command: ["echo", "hello"], session: "box" });
  assert.deepEqual([text, changed], ["proc-1 exited with 0 after 0.01 s\nhello", true]);
  assert.deepEqual(output, { session: RECORD.id, ...done });
  assert.deepEqual(rig.progress, ["so far"]);
  assert.deepEqual([seen[0]?.ref, seen[0]?.input], ["box", {
    command: ["echo", "hello"],
    cwd: ".",
    env: {},
    stdin: "",
    interactive: false,
    waitMs: 30_000,
    timeoutMs: 0,
  }]);
  assert.match((await rig.refuses(run, { command: [] })).message, /command/);
  assert.match((await rig.refuses(run, { command: "a", env: { "1x": "" } })).message, /env/);
});

Deno.test("a process that goes on says how to hear more, and what is gone is not kept quiet", async () => {
  const running = { ...done, state: "running", exitCode: undefined, more: true, lost: 7, durationMs: 31_000 };
  const { tool: run } = tool("run.python", () => ({ output: running }));
  const { text } = await toolRig().run(run, { code: "print('hello')" });
  assert.equal(
    text,
    "proc-1 runs since 31 s: process.output tells more\nhello\n" +
      "Note: There is more output: process.output with process proc-1, stdout 6, stderr 0.\n" +
      "Note: 7 bytes of output were too much to keep, and are gone.",
  );
});

Deno.test("how it ended is told: by itself, by a signal, by a limit", async () => {
  const ends = [
    [{ exitCode: 3, stderr: "no\n" }, "proc-1 exited with 3 after 0.01 s\nhello\nstderr:\nno"],
    [{ exitCode: undefined, signal: "SIGKILL" }, "proc-1 was ended by SIGKILL after 0.01 s\nhello"],
    [
      { exitCode: undefined, signal: "SIGKILL", limit: "memory" },
      "proc-1 was ended by its limit of memory after 0.01 s\nhello",
    ],
  ] as const;
  for (const [end, text] of ends) {
    const { tool: output } = tool("process.output", () => ({ output: { ...done, ...end } }));
    assert.equal((await toolRig().run(output, { process: "proc-1" })).text, text);
  }
});

Deno.test("what packages and tests came to stands first", async () => {
  const { tool: install } = tool("pkg.install", () => ({
    output: { ...done, stdout: "", installed: [{ name: "six", version: "1.17.0" }] },
  }));
  assert.equal(
    (await toolRig().run(install, { packages: ["six"] })).text,
    "installed: six 1.17.0\nproc-1 exited with 0 after 0.01 s",
  );
  assert.match(
    (await toolRig().refuses(install, { packages: ["--index-url=http://evil"] })).message,
    /packages/,
  );
  const { tool: test } = tool("test.run", () => ({
    output: {
      ...done,
      exitCode: 1,
      stdout: "",
      framework: "pytest",
      counts: { passed: 2, failed: 1, skipped: 0, errors: 0 },
      failures: [
        { name: "test_a", file: "test_a.py", line: 3, message: "assert 1 == 2" },
        { name: "b", message: "?" },
      ],
    },
  }));
  assert.equal(
    (await toolRig().run(test)).text,
    "pytest: 2 passed, 1 failed, 0 errors, 0 skipped\n" +
      "FAILED test_a (test_a.py:3): assert 1 == 2\nFAILED b: ?\nproc-1 exited with 1 after 0.01 s",
  );
  const { tool: none } = tool("test.run", () => ({
    output: { ...done, framework: "go", failures: [], stdout: "" },
  }));
  assert.match((await toolRig().run(none)).text, /^go: no results\n/);
});

Deno.test("input, signals and echo reach the session", async () => {
  const { tool: input, seen } = tool("process.input", () => ({ output: { process: "proc-2", bytes: 3 } }));
  await toolRig().run(input, { process: "proc-2", data: "abc", close: true });
  assert.deepEqual(seen[0]?.input, { process: "proc-2", data: "abc", close: true });
  const { tool: signal, seen: signals } = tool("process.signal", () => ({
    output: { process: "proc-2", state: "exited" },
  }));
  await toolRig().run(signal, { process: "proc-2" });
  assert.deepEqual(signals[0]?.input, { process: "proc-2", signal: "SIGTERM" });
  assert.match((await toolRig().refuses(signal, { process: "2" })).message, /process/);
  const { tool: echo } = tool("echo", ({ input: { message } }) => ({ output: { message } }));
  assert.deepEqual((await toolRig().run(echo, { message: "ä" })).output, {
    session: RECORD.id,
    message: "ä",
  });
});

Deno.test("what nobody waited for is told with the output of its process", async () => {
  const { tool: output } = tool("process.output", () => ({
    output: {
      ...done,
      stdout: "",
      tests: {
        framework: "go",
        counts: { passed: 1, failed: 1, skipped: 0, errors: 0 },
        failures: [{ name: "TestA", message: "no" }],
      },
    },
  }));
  assert.equal(
    (await toolRig().run(output, { process: "proc-1" })).text,
    "go: 1 passed, 1 failed, 0 errors, 0 skipped\nFAILED TestA: no\nproc-1 exited with 0 after 0.01 s",
  );
  const { tool: installed } = tool("process.output", () => ({
    output: { ...done, stdout: "", installed: [{ name: "six", version: "1.17.0" }] },
  }));
  assert.match((await toolRig().run(installed, { process: "proc-1" })).text, /^installed: six 1\.17\.0\n/);
});
