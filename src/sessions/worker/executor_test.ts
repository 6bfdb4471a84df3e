import assert from "node:assert/strict";
import type { TaskEvent } from "../link.ts";
import { OPERATIONS } from "../operations.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { SessionError, STANDARD_LIMITS } from "../types.ts";
import { CAPABILITIES } from "./executor.ts";
import { HANDLERS } from "./handlers.ts";
import { executorRig } from "./testing/executor_rig.ts";
import { FakeHost } from "./testing/fake_sandbox.ts";

const limits = STANDARD_LIMITS;

async function opened(options: Parameters<typeof executorRig>[1] = {}) {
  const host = new FakeHost();
  const rig = executorRig(host, options);
  await rig.open();
  return { ...rig, host, sandbox: host.get("sess-a") };
}

Deno.test("every operation has somebody who carries it out", () => {
  assert.deepEqual([...HANDLERS.keys()].sort(), OPERATIONS.map(({ name }) => name).sort());
  assert.deepEqual(CAPABILITIES.length, OPERATIONS.length);
});

Deno.test("echo needs no session; all else does", async () => {
  await using rig = executorRig(new FakeHost());
  assert.deepEqual(await rig.ok("echo", { message: "hi" }), { message: "hi" });
  for (const { name } of OPERATIONS) {
    if (["echo", "session.open", "session.close"].includes(name)) continue;
    const outcome = await rig.run(name, {
      path: "a",
      query: "a",
      edits: [{ old: "a", new: "b" }],
      command: "a",
      code: "a",
      process: "proc-1",
      archive: "arch-1",
      offset: 0,
      length: 1,
      sha256: "0".repeat(64),
    });
    assert.ok(!outcome.ok && outcome.code === "session_ended", `${name}: ${JSON.stringify(outcome)}`);
  }
});

Deno.test("what is unknown or asked wrongly is refused, and says why", async () => {
  await using rig = executorRig(new FakeHost());
  assert.match(
    await rig.fails("invalid", "fs.teleport"),
    /knows no operation fs.teleport: update the worker/,
  );
  assert.match(await rig.fails("invalid", "echo", { message: 3 }), /echo was asked wrongly: message/);
  assert.match(await rig.fails("invalid", "session.open", {}), /limits/);
});

Deno.test("sessions are opened as they are found, and closed as often as one likes", async () => {
  const host = new FakeHost();
  await using rig = executorRig(host);
  assert.deepEqual(await rig.ok("session.open", { limits }), { isolation: "namespaces" });
  assert.deepEqual(await rig.ok("session.open", { limits }), { isolation: "namespaces" });
  assert.deepEqual(rig.executor.load().sessions, ["sess-a"]);
  assert.deepEqual(await rig.ok("session.close"), {});
  assert.deepEqual(await rig.ok("session.close"), {});
  assert.deepEqual(host.removed, ["sess-a", "sess-a"]);
  assert.deepEqual(rig.executor.load().sessions, []);
});

Deno.test("a task of a session that is closed meanwhile says so", async () => {
  await using rig = await opened();
  const running = rig.fails("session_ended", "run.command", { command: "sleep 1" });
  await rig.ok("session.close");
  assert.match(await running, /session sess-a was closed/);
});

Deno.test("a process gets what it was asked with", async () => {
  await using rig = await opened();
  rig.sandbox.onSpawn = (process) => process.exit();
  await rig.ok("run.command", { command: "a | b", cwd: "sub", env: { X: "1" }, stdin: "in" }, {
    traceparent: "00-aa-bb-01",
  });
  const { spec, input, inputIsClosed } = rig.sandbox.processes[0]!;
  assert.deepEqual([spec.argv, spec.cwd, spec.env], [["sh", "-c", "a | b"], "sub", {
    TRACEPARENT: "00-aa-bb-01",
    X: "1",
  }]);
  assert.deepEqual([input, inputIsClosed], ["in", true]);
  await rig.ok("run.command", { command: ["ls", "-la"] });
  assert.deepEqual(rig.sandbox.processes[1]!.spec.argv, ["ls", "-la"]);
  assert.deepEqual(rig.sandbox.processes[1]!.spec.env, {});
});

Deno.test("code for Python comes by its input, before the input of the code", async () => {
  await using rig = await opened();
  rig.sandbox.onSpawn = (process) => process.exit();
  await rig.ok("run.python", { code: "print('ü')", args: ["-x"], stdin: "in" });
  const { spec, input } = rig.sandbox.processes[0]!;
  assert.deepEqual([spec.argv.slice(0, 3), spec.argv[4], spec.argv.at(-1)], [
    ["python3", "-u", "-c"],
    "11",
    "-x",
  ]);
  assert.equal(input, "print('ü')in");
});

Deno.test("a call returns when its time to wait is over, and the process goes on", async () => {
  await using rig = await opened();
  rig.sandbox.onSpawn = (process) => process.say("stdout", "begun");
  const state = await rig.ok("run.command", { command: "x", waitMs: 1 });
  assert.deepEqual([state["state"], state["process"]], ["running", "proc-1"]);
  const process = rig.sandbox.processes[0]!;
  assert.deepEqual(process.signals, []);
  const waiting = rig.ok("process.output", { process: "proc-1", stdout: 5, waitMs: 60_000 });
  process.say("stdout", " more");
  assert.deepEqual((await waiting)["stdout"], " more");
  const [listed] = (await rig.ok("session.usage"))["processes"] as Record<string, unknown>[];
  assert.deepEqual([listed?.["process"], listed?.["command"], listed?.["state"]], ["proc-1", "x", "running"]);
});

Deno.test("a process that nobody waits for is told nothing of, and stays when its call is stopped", async () => {
  await using rig = await opened();
  const stop = new AbortController();
  const events: TaskEvent[] = [];
  await rig.ok("run.command", { command: "x", waitMs: 0 }, { signal: stop.signal, events });
  rig.sandbox.processes[0]!.say("stdout", "later");
  stop.abort();
  const waiting = new AbortController();
  const output = rig.fails("canceled", "process.output", { process: "proc-1", stdout: 5, waitMs: 60_000 }, {
    signal: waiting.signal,
  });
  waiting.abort();
  await output;
  assert.deepEqual([rig.sandbox.processes[0]!.signals, events], [[], []]);
});

Deno.test("a call that is stopped ends its process, and says why it was stopped", async () => {
  await using rig = await opened();
  for (const code of ["canceled", "deadline"] as const) {
    const stop = new AbortController();
    const begun = Promise.withResolvers<void>();
    rig.sandbox.onSpawn = () => begun.resolve();
    const running = rig.fails(code, "run.command", { command: "x" }, { signal: stop.signal });
    await begun.promise;
    stop.abort(Object.assign(new Error(`because of ${code}`), { code }));
    assert.equal(await running, `because of ${code}`);
    assert.equal(rig.sandbox.processes.at(-1)!.signals[0], "SIGTERM");
  }
});

Deno.test("a task that is stopped before it begins does nothing", async () => {
  await using rig = await opened();
  assert.equal(
    await rig.fails("canceled", "run.command", { command: "x" }, { signal: AbortSignal.abort() }),
    "The signal has been aborted",
  );
  assert.equal(rig.sandbox.processes.length, 0);
});

Deno.test("output is told as it comes, and is in the answer as well", async () => {
  await using rig = await opened();
  const events: TaskEvent[] = [];
  rig.sandbox.onSpawn = (process) => {
    process.say("stdout", "one ");
    process.say("stderr", "err");
    process.say("stdout", "two");
    process.exit();
  };
  const state = await rig.ok("run.command", { command: "x" }, { events });
  assert.equal(state["stdout"], "one two");
  assert.deepEqual(events, [
    { kind: "output", stream: "stdout", text: "one two" },
    { kind: "output", stream: "stderr", text: "err" },
  ]);
});

Deno.test("processes are written to, and get signals", async () => {
  await using rig = await opened();
  await rig.ok("run.command", { command: "x", waitMs: 0, interactive: true });
  const process = rig.sandbox.processes[0]!;
  assert.deepEqual(await rig.ok("process.input", { process: "proc-1", data: "ü\n" }), {
    process: "proc-1",
    bytes: 3,
  });
  assert.equal(process.inputIsClosed, false);
  assert.deepEqual(await rig.ok("process.input", { process: "proc-1", close: true }), {
    process: "proc-1",
    bytes: 0,
  });
  assert.deepEqual([process.input, process.inputIsClosed], ["ü\n", true]);
  await rig.fails("failed", "process.input", { process: "proc-1", data: "x" });
  assert.deepEqual(await rig.ok("process.signal", { process: "proc-1", signal: "SIGUSR1" }), {
    process: "proc-1",
    state: "running",
  });
  assert.deepEqual(process.signals, ["SIGUSR1"]);
  process.exit();
  await rig.ok("process.output", { process: "proc-1", waitMs: 60_000 });
  assert.deepEqual(await rig.ok("process.signal", { process: "proc-1" }), {
    process: "proc-1",
    state: "exited",
  });
  await rig.fails("not_found", "process.output", { process: "proc-2" });
});

Deno.test("what nobody foresees is an error of the worker's, whose log says more", async () => {
  await using rig = await opened();
  rig.sandbox.beforeSpawn = () => {
    throw new TypeError("secret of the machine");
  };
  const message = await rig.fails("internal", "run.command", { command: "x" });
  assert.doesNotMatch(message, /secret/);
  rig.sandbox.beforeSpawn = () => {
    throw new SessionError("limit", "no more processes");
  };
  assert.equal(await rig.fails("limit", "run.command", { command: "x" }), "no more processes");
});

Deno.test("a worker that is drained keeps its sessions and takes no others", async () => {
  await using rig = await opened();
  rig.sandbox.onSpawn = (process) => process.exit();
  rig.executor.drain();
  assert.match(
    await rig.fails("no_capacity", "session.open", { limits }, { session: "sess-b" }),
    /shutting down/,
  );
  await rig.ok("session.open", { limits });
  await rig.ok("run.command", { command: "x" });
});

Deno.test("it is settled when no task runs, or nobody wants to wait any longer", async () => {
  await using rig = await opened();
  await rig.executor.settled(new AbortController().signal);
  const running = rig.run("run.command", { command: "x" });
  assert.equal(rig.executor.load().runningTasks, 1);
  await rig.executor.settled(AbortSignal.abort());
  let isSettled = false;
  const settled = rig.executor.settled(new AbortController().signal).then(() => isSettled = true);
  await Promise.resolve();
  assert.equal(isSettled, false);
  rig.sandbox.onSpawn = (process) => process.exit();
  for (const process of rig.sandbox.processes) process.exit();
  await running;
  await settled;
  assert.equal(rig.executor.load().runningTasks, 0);
});

Deno.test("closing stops what runs", async () => {
  const rig = await opened();
  const begun = Promise.withResolvers<void>();
  rig.sandbox.onSpawn = () => begun.resolve();
  const running = rig.run("run.command", { command: "x" });
  await begun.promise;
  await rig.executor.close();
  assert.deepEqual(await running, {
    ok: false,
    code: "unavailable",
    message: "this worker is shutting down",
  });
});

Deno.test("tasks of one session do not wait for each other, nor for those of others", async () => {
  await using rig = await opened();
  await rig.open("sess-b");
  const held = rig.run("run.command", { command: "held" });
  rig.host.get("sess-b").onSpawn = (process) => process.exit();
  await rig.ok("run.command", { command: "x" }, { session: "sess-b" });
  rig.sandbox.onFile = () => ({ entries: [], more: false });
  assert.deepEqual(await rig.ok("fs.list"), { entries: [], more: false });
  rig.sandbox.processes[0]!.exit();
  await held;
});

Deno.test("an archive is unpacked while nothing runs", async () => {
  await using rig = await opened();
  const begun = Promise.withResolvers<void>();
  rig.sandbox.onSpawn = (process) =>
    process.spec.argv.includes("kill -9 -1") ? process.exit() : begun.resolve();
  const running = rig.ok("run.command", { command: "x" });
  await begun.promise;
  rig.sandbox.onFile = (op) => {
    assert.equal(op, "unpack");
    assert.equal(rig.executor.load().processes, 0);
    return { files: 2 };
  };
  assert.deepEqual(await rig.ok("archive.unpack", { archive: "arch-1", sha256: "0".repeat(64) }), {
    files: 2,
  });
  assert.equal((await running)["signal"], "SIGKILL");
});

Deno.test("figures and lines of the log are of operations that there are", async () => {
  const counted: string[] = [];
  const lines: Record<string, unknown>[] = [];
  const count = (name: string) => (fields: object = {}, value = 1) =>
    counted.push(`${name} ${JSON.stringify(fields)} ${value}`);
  const metrics: Metrics = {
    counter: (name) => ({ inc: count(name) }),
    gauge: () => ({ set() {}, inc() {}, dec() {}, remove() {} }),
    histogram: (name) => ({ observe: (labels) => void count(name)(labels, 0) }),
  };
  const log = { debug: (_: string, fields: object = {}) => void lines.push({ ...fields }) };
  await using rig = executorRig(new FakeHost(), {
    clock: new FakeClock(),
    metrics,
    log: { info() {}, warn() {}, error() {}, child: () => log as never, ...log },
  });
  await rig.ok("echo", { message: "m" }, { traceparent: "00-0af7-b7ad-01" });
  await rig.fails("invalid", "made up\n");
  assert.deepEqual(counted, [
    'worker_tasks_total {"operation":"echo","result":"ok"} 1',
    'worker_task_duration_seconds {"operation":"echo"} 0',
    'worker_tasks_total {"operation":"unknown","result":"invalid"} 1',
    'worker_task_duration_seconds {"operation":"unknown"} 0',
  ]);
  assert.deepEqual(lines, [{
    session_id: "sess-a",
    workspace_id: "sess-a",
    tool_name: "echo",
    duration_ms: 0,
    success: true,
    trace_id: "0af7",
  }, {
    session_id: "sess-a",
    workspace_id: "sess-a",
    tool_name: "unknown",
    duration_ms: 0,
    success: false,
    code: "invalid",
    trace_id: "",
  }]);
});
