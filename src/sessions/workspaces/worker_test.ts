import assert from "node:assert/strict";
import { silentLogger } from "../../telemetry/logger.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import type { Task, TaskOutcome } from "../link.ts";
import { CAPABILITIES } from "../worker/executor.ts";
import { FakeHost } from "../worker/testing/fake_sandbox.ts";
import type { WorkerConnection } from "../link.ts";
import { SessionError } from "../types.ts";
import { WorkerHub } from "../wire/hub.ts";
import { until } from "../coordinator/testing.ts";
import { lentTo, ModelCoder } from "./testing.ts";
import type { LentTo } from "./types.ts";
import { openWorkspaceWorker, type WorkspaceWorker } from "./worker.ts";

const signal = new AbortController().signal;
const session = lentTo(new ModelCoder().add());
let tasks = 0;

function task(operation: string, input: Record<string, unknown> = {}, sessionId = session.id): Task {
  return { id: `task-${++tasks}`, sessionId, operation, input, deadlineMs: 60_000, traceparent: "" };
}

interface Rig extends AsyncDisposable {
  readonly worker: WorkspaceWorker;
  readonly host: FakeHost;
  readonly hub: WorkerHub;
  readonly joined: WorkerConnection[];
  /** What access there is, by session. */
  readonly lent: Map<string, LentTo>;
  run(task: Task): Promise<TaskOutcome>;
}

function rig(capacity?: number): Rig {
  const joined: WorkerConnection[] = [];
  const hub = new WorkerHub({
    listener: { joined: (worker) => void joined.push(worker), changed() {}, left() {} },
    log: silentLogger,
  });
  const lent = new Map<string, LentTo>([[session.id, session]]);
  const host = new FakeHost();
  const worker = openWorkspaceWorker({
    hub,
    host,
    access: { find: () => undefined, session: (id) => lent.get(id) },
    version: "1.2.3",
    log: silentLogger,
    clock: new FakeClock(),
    capacity,
  });
  return {
    worker,
    host,
    hub,
    joined,
    lent,
    run: (task) => worker.executor.execute(task, () => {}, signal),
    async [Symbol.asyncDispose]() {
      await worker.close();
      hub.close("the test is over");
    },
  };
}

const OPEN = { limits: session.limits, workspace: { directory: "", files: "workspace" } };
const LIST = { path: "." };

Deno.test("it registers under its own name, as one process wherever it is", async () => {
  await using a = rig();
  const stop = new AbortController();
  const running = a.worker.run(stop.signal);
  await until(() => a.joined.length > 0);
  const [{ id, hello, binding } = {} as WorkerConnection] = a.joined;
  assert.deepEqual([id, hello.incarnation, hello.isolation, hello.sharedStorage, hello.version, binding], [
    "workspaces",
    "workspaces",
    "workspace",
    "",
    "1.2.3",
    undefined,
  ]);
  assert.deepEqual(hello.capabilities, CAPABILITIES);
  assert.ok(hello.capacity >= 1_000);
  stop.abort();
  await running;
});

Deno.test("a session that is made is opened as it is asked for", async () => {
  await using a = rig();
  const seen: unknown[] = [];
  const { open } = a.host;
  a.host.open = (id, options) => {
    seen.push({ id, ...options });
    return open.call(a.host, id, options);
  };
  const input = {
    ...OPEN,
    existing: false,
    workspace: { directory: "src", files: "scratch", keepMs: 60_000 },
  };
  assert.equal((await a.run(task("session.open", input))).ok, true);
  assert.deepEqual(seen, [{
    id: session.id,
    limits: session.limits,
    existing: false,
    workspace: { directory: "src", files: "scratch", keepMs: 60_000 },
  }]);
  a.host.get(session.id).onFile = () => ({ entries: [], more: false });
  const listed = await a.run(task("fs.list", LIST));
  assert.deepEqual(listed.ok && listed.output, { entries: [], more: false });
  assert.equal(seen.length, 1);
  assert.deepEqual(a.worker.executor.load().sessions, [session.id]);
});

Deno.test("one that another process has had is opened first, as it was made, and once", async () => {
  await using a = rig();
  const seen: { id: string; existing: boolean }[] = [];
  const gate = Promise.withResolvers<void>();
  a.host.beforeOpen = async (id, existing) => {
    seen.push({ id, existing });
    await gate.promise;
  };
  const calls = [1, 2, 3].map(() => a.run(task("session.usage")));
  gate.resolve();
  for (const outcome of await Promise.all(calls)) assert.equal(outcome.ok, true, JSON.stringify(outcome));
  assert.deepEqual(seen, [{ id: session.id, existing: true }]);
  assert.deepEqual(a.host.limits, session.limits);
});

Deno.test("one that nobody has lent access to is not opened, and nothing was done", async () => {
  await using a = rig();
  a.host.beforeOpen = () => assert.fail("it was opened");
  const other = await a.run(task("fs.list", LIST, "sess-other"));
  assert.deepEqual(other, {
    ok: false,
    code: "unavailable",
    message: "nothing was done: nobody who may work in the workspace of session sess-other has called yet",
  });
});

Deno.test("what keeps it from being opened is the answer, and the next call tries again", async () => {
  await using a = rig();
  a.host.beforeOpen = () => {
    throw new SessionError("unavailable", "agent main of workspace ann/dev is not connected");
  };
  assert.deepEqual(await a.run(task("fs.list", LIST)), {
    ok: false,
    code: "unavailable",
    message: "agent main of workspace ann/dev is not connected",
  });
  a.host.beforeOpen = () => {};
  assert.equal((await a.run(task("session.usage"))).ok, true);
});

Deno.test("one that is closed is ended where it is, also by a process that never had it", async () => {
  await using a = rig();
  a.host.beforeOpen = () => assert.fail("it was opened");
  assert.deepEqual(await a.run(task("session.close", { keepFiles: false })), { ok: true, output: {} });
  assert.deepEqual(a.host.removed, [session.id]);
  a.host.beforeOpen = () => {};
  await a.run(task("session.open", OPEN));
  await a.run(task("session.close", { keepFiles: false }));
  assert.deepEqual(a.host.removed, [session.id, session.id]);
  assert.deepEqual(a.worker.executor.load().sessions, []);
});

Deno.test("what has no session needs none", async () => {
  await using a = rig();
  assert.deepEqual(await a.run(task("echo", { message: "hi" })), { ok: true, output: { message: "hi" } });
});

Deno.test("it has room for so many, and this machine's disk is none of its own", async () => {
  await using a = rig(1);
  await a.run(task("session.open", OPEN));
  const second = { ...session, id: "sess-second" };
  a.lent.set(second.id, second);
  const outcome = await a.run(task("session.open", OPEN, second.id));
  assert.equal(outcome.ok || outcome.code, "no_capacity");
  assert.equal(a.worker.executor.load().freeDiskBytes, 0);
});
