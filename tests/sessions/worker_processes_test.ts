/** Processes of sessions by the worker's executor, in real sandboxes: with namespaces, and where there are none. */
import assert from "node:assert/strict";
import type { TaskEvent } from "../../src/sessions/link.ts";
import { KINDS, openTestHost, until } from "../../src/sessions/sandbox/testing.ts";
import { STANDARD_LIMITS } from "../../src/sessions/types.ts";
import { type ExecutorRig, executorRig } from "../../src/sessions/worker/testing/executor_rig.ts";

const WAIT = 280_000;

async function withWorker(
  kind: keyof typeof KINDS,
  work: (rig: ExecutorRig, directory: string) => Promise<void>,
) {
  await using test = await openTestHost(KINDS[kind].options);
  await using rig = executorRig(test.host, { directory: test.directory });
  await rig.open();
  await work(rig, test.directory);
}

for (const kind of ["user namespaces after the mounts", "not root", "no namespaces"] as const) {
  Deno.test(`${kind}: commands run in the session's directory, and say how they ended`, () =>
    withWorker(kind, async (rig) => {
      await rig.write("sub/a.txt", "content\n");
      const state = await rig.ok("run.command", {
        command: "cat; cat a.txt; echo no >&2; exit 3",
        cwd: "sub",
        stdin: "in\n",
        waitMs: WAIT,
      });
      assert.deepEqual(
        [state["exitCode"], state["stdout"], state["stderr"], state["state"]],
        [3, "in\ncontent\n", "no\n", "exited"],
      );
      assert.match(
        await rig.fails("not_found", "run.command", { command: ["no-such-program"] }),
        /no-such-program/,
      );
      await rig.fails("forbidden", "run.command", { command: "true", cwd: "../.." });
      const listed = await rig.ok("fs.list", { path: "sub" });
      assert.equal((listed["entries"] as { path: string }[])[0]?.path, "sub/a.txt");
    }));

  Deno.test(`${kind}: Python runs as a program of its own does`, () =>
    withWorker(kind, async (rig) => {
      await rig.write("helper.py", "WORD = 'from the session'\n");
      const good = await rig.ok("run.python", {
        code: `import sys, os, inspect, helper
from multiprocessing import get_context
def double(n): return 2 * n
if __name__ == "__main__":
    print(sys.argv[1:], input(), helper.WORD, os.environ["MORE"])
    print(get_context("spawn").Pool(1).map(double, [1, 2]))
    print(inspect.getsource(double).strip())
`,
        args: ["-a", "ü"],
        stdin: "a line\nrest",
        env: { MORE: "more" },
        waitMs: WAIT,
      });
      assert.equal(good["stderr"], "");
      assert.equal(
        good["stdout"],
        "['-a', 'ü'] a line from the session more\n[2, 4]\ndef double(n): return 2 * n\n",
      );
      const bad = await rig.ok("run.python", { code: "def f():\n    1 / 0\n\nf()\n", waitMs: WAIT });
      const [, first, , second] = String(bad["stderr"]).split("\n");
      assert.match(first!, /^ {2}File ".*code-.*\.py", line 4, in <module>$/);
      assert.match(second!, /line 2, in f$/);
      assert.equal(bad["exitCode"], 1);
      const wrong = await rig.ok("run.python", { code: "x = 1\ny = (\n", waitMs: WAIT });
      assert.match(String(wrong["stderr"]), /^ {2}File ".*code-.*\.py", line 2\n[^]*SyntaxError/);
      const ended = await rig.ok("run.python", { code: "import sys\nsys.exit(7)", waitMs: WAIT });
      assert.deepEqual([ended["exitCode"], ended["stderr"]], [7, ""]);
      const left = await rig.ok("run.command", { command: 'ls "$TMPDIR"', waitMs: WAIT });
      assert.equal(left["stdout"], "");
    }));

  Deno.test(`${kind}: a process goes on after its call, is written to, and ends by a signal`, () =>
    withWorker(kind, async (rig) => {
      const { process } = await rig.ok("run.command", {
        command: "trap 'echo bye; exit 5' TERM; while read line; do echo \"got $line\"; done; echo end",
        interactive: true,
        waitMs: 0,
      });
      await rig.ok("process.input", { process, data: "one\n" });
      const first = await rig.ok("process.output", { process, waitMs: WAIT });
      assert.deepEqual([first["stdout"], first["state"], first["nextStdout"]], ["got one\n", "running", 8]);
      await rig.ok("process.input", { process, data: "two\n", close: true });
      await until(
        "it has ended",
        async () => (await rig.ok("process.output", { process }))["state"] === "exited",
      );
      const rest = await rig.ok("process.output", { process, stdout: 8 });
      assert.deepEqual([rest["stdout"], rest["exitCode"]], ["got two\nend\n", 0]);

      const other = await rig.ok("run.command", { command: "echo begun; sleep 1000", waitMs: 0 });
      await rig.ok("process.output", { process: other["process"], waitMs: WAIT });
      await rig.ok("process.signal", { process: other["process"], signal: "SIGKILL" });
      const killed = await rig.ok("process.output", { process: other["process"], stdout: 6, waitMs: WAIT });
      assert.deepEqual([killed["state"], killed["signal"]], ["exited", "SIGKILL"]);
    }));

  Deno.test(`${kind}: what takes too long is ended, with all in its group`, () =>
    withWorker(kind, async (rig) => {
      const state = await rig.ok("run.command", {
        command: "sleep 1000 & sleep 1000",
        timeoutMs: 300,
        waitMs: WAIT,
      });
      assert.deepEqual([state["limit"], state["state"]], ["timeout", "exited"]);
      const stop = new AbortController();
      const events: TaskEvent[] = [];
      const running = rig.fails(
        "canceled",
        "run.command",
        { command: "echo begun; sleep 1000 & sleep 1000" },
        {
          signal: stop.signal,
          events,
        },
      );
      await until("it has begun", () => events.length > 0);
      stop.abort();
      await running;
      await until("both have ended", () => rig.executor.load().processes === 0);
    }));
}

Deno.test("all of a large output is had by pieces, each character whole", () =>
  withWorker("user namespaces after the mounts", async (rig) => {
    const lines = 100_000;
    let state = await rig.ok("run.python", {
      code: `for n in range(${lines}): print(f"{n} äöü€")`,
      waitMs: WAIT,
    });
    let text = String(state["stdout"]);
    let pieces = 1;
    while (state["more"]) {
      state = await rig.ok("process.output", {
        process: state["process"],
        stdout: state["nextStdout"],
        stderr: 0,
      });
      text += state["stdout"];
      pieces++;
    }
    const all = Array.from({ length: lines }, (_, n) => `${n} äöü€\n`).join("");
    const kept = all.slice(all.length - text.length);
    assert.equal(text, kept);
    assert.ok(pieces >= 2);
    // More than is kept was written: the first piece has said so.
    const first = await rig.ok("process.output", { process: state["process"] });
    const bytes = new TextEncoder().encode(all).length;
    assert.equal(Number(first["lost"]) + new TextEncoder().encode(text).length, bytes);
    assert.ok(Number(first["lost"]) >= bytes - STANDARD_LIMITS.outputBytes);
  }));

Deno.test("output is seen while it comes, from Python without a buffer", () =>
  withWorker("user namespaces after the mounts", async (rig) => {
    const events: TaskEvent[] = [];
    const running = rig.ok("run.python", {
      code: "import os\nprint('begun')\nwhile not os.path.exists('go'): os.sched_yield()\nprint('done')",
      waitMs: WAIT,
    }, { events });
    const told = () => events.map((event) => event.kind === "output" ? event.text : "").join("");
    await until("its output was told", () => told() === "begun\n");
    await rig.write("go", "");
    assert.equal((await running)["stdout"], "begun\ndone\n");
    assert.equal(told(), "begun\ndone\n");
  }));

Deno.test("bytes that are no text are shown as such, and counted", () =>
  withWorker("user namespaces after the mounts", async (rig) => {
    const state = await rig.ok("run.command", { command: "printf 'a\\377\\376b\\000c'", waitMs: WAIT });
    assert.deepEqual([state["stdout"], state["invalid"], state["nextStdout"]], ["a\uFFFD\uFFFDb\0c", 2, 6]);
  }));

Deno.test("endless output keeps nobody from anything, and ends with its session", () =>
  withWorker("user namespaces after the mounts", async (rig) => {
    await rig.open("sess-b");
    const { process } = await rig.ok("run.command", { command: "yes; true", waitMs: 0 });
    const events: TaskEvent[] = [];
    const stop = new AbortController();
    const seen = rig.run("run.command", { command: "yes no >&2" }, { events, signal: stop.signal });
    await until(
      "there is a lot of it",
      async () => Number((await rig.ok("process.output", { process }))["lost"] ?? 0) > 0 && events.length > 2,
    );
    for (let count = 0; count < 20; count++) {
      const state = await rig.ok("run.command", { command: "echo here", waitMs: WAIT }, {
        session: "sess-b",
      });
      assert.equal(state["stdout"], "here\n");
    }
    assert.equal((await rig.ok("echo", { message: "m" }))["message"], "m");
    // What is told of it has a measure, whatever it writes.
    for (const event of events) assert.ok(event.kind === "output" && event.text.length < 20_000);
    stop.abort();
    assert.equal((await seen).ok, false);
    await rig.ok("session.close");
    assert.deepEqual(rig.executor.load().sessions, ["sess-b"]);
    assert.equal(rig.executor.load().processes, 0);
  }));

Deno.test("a session's files are put back as they were, and what ran there is ended, daemons too", () =>
  withWorker("user namespaces after the mounts", async (rig) => {
    await rig.write("kept.txt", "before");
    const archive = "arch-1";
    const { size, sha256 } = await rig.ok("archive.pack", { archive });
    assert.ok(Number(size) > 0);
    const running = rig.ok("run.command", {
      command:
        "(setsid sh -c 'echo begun >daemon; while true; do echo x >>daemon; sleep 0.01; done' &) ; sleep 1000",
      waitMs: WAIT,
    });
    await until("the daemon runs", async () => (await rig.run("fs.read", { path: "daemon" })).ok);
    await rig.write("kept.txt", "after");
    await rig.ok("archive.unpack", { archive, sha256 });
    assert.equal((await running)["signal"], "SIGKILL");
    const listed = await rig.ok("run.command", { command: "ls; cat kept.txt", waitMs: WAIT });
    assert.equal(listed["stdout"], "kept.txt\nbefore");
  }));

Deno.test("a process sees the trace of its call, and none of the worker's variables", () =>
  withWorker("user namespaces after the mounts", async (rig) => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    Deno.env.set("WORKER_ONLY_VALUE", "of-the-worker");
    const state = await rig.ok("run.command", { command: "env", waitMs: WAIT }, { traceparent });
    Deno.env.delete("WORKER_ONLY_VALUE");
    assert.match(String(state["stdout"]), new RegExp(`^TRACEPARENT=${traceparent}$`, "m"));
    assert.doesNotMatch(String(state["stdout"]), /of-the-worker|WORKER_ONLY/);
  }));

Deno.test("a worker that starts again removes what it has left, and not what is opened meanwhile", async () => {
  await using test = await openTestHost();
  const names = async () => {
    const found: string[] = [];
    for await (const entry of Deno.readDir(test.directory)) found.push(entry.name);
    return found.filter((name) => name.startsWith("sess-")).sort();
  };
  for (const id of ["sess-old", "sess-older"]) {
    await Deno.mkdir(`${test.directory}/${id}/workspace`, { recursive: true });
  }
  await using rig = executorRig(test.host, { directory: test.directory });
  await rig.open("sess-new");
  await until("what was left is gone", async () => (await names()).join() === "sess-new");
  await rig.ok("session.close", {}, { session: "sess-new" });
  assert.deepEqual(await names(), []);
});
