import assert from "node:assert/strict";
import { type EndedSpan, noTracer, recordingTracer } from "../telemetry/tracing.ts";
import type { Sessions } from "./coordinator/types.ts";
import {
  type Task,
  type TaskExecutor,
  type TaskOutcome,
  type WorkerConnection,
  type WorkerListener,
  WorkerLostError,
} from "./link.ts";
import { echo } from "./operations.ts";
import type { Sandbox, SandboxExit, SandboxHost, SpawnSpec } from "./sandbox/types.ts";
import { tracedExecutor, tracedHost, tracedSessions, tracedWorkers } from "./tracing.ts";
import { SessionError, type SessionRecord, STANDARD_LIMITS } from "./types.ts";

const never = new AbortController().signal;
const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const owner = { id: "me", name: "me" } as unknown as Parameters<Sessions["call"]>[0];
const record = { id: "sess-1", workerId: "worker-1" } as SessionRecord;

function recorder() {
  const spans: EndedSpan[] = [];
  return { spans, tracer: recordingTracer({ record: (span) => void spans.push(span) }) };
}

/** Has private state, as the real ones: methods must run on it. */
class FakeSessions {
  readonly #answer = { session: record, output: { message: "hi" } };
  seen: (string | undefined)[] = [];

  create(_owner: unknown, _request: unknown, options: { readonly traceparent?: string }) {
    this.seen.push(options.traceparent);
    return Promise.resolve(record);
  }

  call(...args: unknown[]) {
    this.seen.push((args[5] as { readonly traceparent?: string }).traceparent);
    if (args[1] === "gone") return Promise.reject(new SessionError("not_found", "no session gone"));
    return Promise.resolve(this.#answer);
  }

  checkpoint(_owner: unknown, _ref: string, options: { readonly traceparent?: string }) {
    this.seen.push(options.traceparent);
    return Promise.resolve({ sessionId: record.id, size: 12 });
  }

  restore(_owner: unknown, _ref: string, _id: string, options: { readonly traceparent?: string }) {
    this.seen.push(options.traceparent);
    return Promise.resolve({ session: record, files: 3 });
  }

  list() {
    return Promise.resolve([this.#answer.session]);
  }
}

const fakeSessions = () => {
  const fake = new FakeSessions();
  return { fake, sessions: fake as unknown as Sessions };
};

Deno.test("calls of the coordinator are spans that their workers' tasks go on with", async () => {
  const { spans, tracer } = recorder();
  const { fake, sessions } = fakeSessions();
  const traced = tracedSessions(sessions, tracer);
  const options = { signal: never, traceparent: PARENT };
  await traced.create(owner, {} as never, options);
  await traced.call(owner, undefined, echo, { message: "secret words" }, new Uint8Array(5), options);
  await traced.checkpoint(owner, "a", options);
  await traced.restore(owner, "a", "ckpt", { signal: never });
  assert.deepEqual(await traced.list(owner, {} as never, never), [record]);
  assert.deepEqual(spans.map(({ name }) => name), [
    "session.create",
    "session.call",
    "session.checkpoint",
    "session.restore",
  ]);
  const [create, call, checkpoint, restore] = spans;
  assert.deepEqual(create!.attributes, { "session.id": "sess-1", "worker.id": "worker-1" });
  assert.deepEqual(call!.attributes, {
    "session.operation": "echo",
    "session.body_bytes": 5,
    "session.id": "sess-1",
    "worker.id": "worker-1",
  });
  assert.equal(checkpoint!.attributes["checkpoint.bytes"], 12);
  assert.equal(call!.parentSpanId, "b7ad6b7169203331");
  assert.equal(restore!.parentSpanId, "");
  fake.seen.forEach((text, index) => assert.ok(text!.includes(spans[index]!.spanId)));
  const json = JSON.stringify(spans, (_, value) => typeof value === "bigint" ? String(value) : value);
  assert.ok(!json.includes("secret words"));
});

Deno.test("a call that fails is a span that failed", async () => {
  const { spans, tracer } = recorder();
  const traced = tracedSessions(fakeSessions().sessions, tracer);
  await assert.rejects(
    traced.call(owner, "gone", echo, { message: "m" }, undefined, { signal: never }),
    /no session gone/,
  );
  assert.equal(spans[0]!.failure, "not_found");
});

Deno.test("tasks are spans, whatever comes of them", async () => {
  const { spans, tracer } = recorder();
  const seen: Task[] = [];
  class Executor implements TaskExecutor {
    readonly #load = { sessions: [], runningTasks: 0, processes: 0, memoryBytes: 1, freeDiskBytes: 2 };
    execute(task: Task): Promise<TaskOutcome> {
      seen.push(task);
      if (task.id === "2") return Promise.resolve({ ok: false, code: "limit", message: "too much" });
      return Promise.resolve({ ok: true, output: {} });
    }
    load() {
      return this.#load;
    }
  }
  const traced = tracedExecutor<TaskExecutor>(new Executor(), tracer);
  const task: Task = {
    id: "1",
    sessionId: "sess-1",
    operation: "echo",
    input: {},
    deadlineMs: 1_000,
    traceparent: PARENT,
  };
  assert.equal((await traced.execute(task, () => {}, never)).ok, true);
  assert.equal((await traced.execute({ ...task, id: "2" }, () => {}, never)).ok, false);
  assert.equal(traced.load().freeDiskBytes, 2);
  assert.deepEqual(spans.map(({ name, kind, failure }) => [name, kind, failure]), [
    ["task echo", "server", undefined],
    ["task echo", "server", "limit"],
  ]);
  assert.ok(seen.every(({ traceparent }, index) => traceparent.includes(spans[index]!.spanId)));
});

Deno.test("processes are spans from their start to their end, and know their own", async () => {
  const { spans, tracer } = recorder();
  const exit = Promise.withResolvers<SandboxExit>();
  const seen: SpawnSpec[] = [];
  const sandbox = {
    id: "sess-1",
    spawn: (spec: SpawnSpec) => {
      seen.push(spec);
      if (spec.argv[0] === "nothing") {
        return Promise.reject(new SessionError("not_found", "no program nothing"));
      }
      return Promise.resolve({ exited: exit.promise });
    },
  } as unknown as Sandbox;
  const host = {
    open: () => Promise.resolve(sandbox),
    report: { isolation: "full" },
  } as unknown as SandboxHost;
  const traced = await tracedHost(host, tracer).open(
    "sess-1",
    { limits: STANDARD_LIMITS, existing: false },
    never,
  );
  assert.equal(traced.id, "sess-1");
  const spec = {
    argv: ["/usr/bin/curl", "--user", "me:secret"],
    cwd: ".",
    env: { TRACEPARENT: PARENT, A: "b" },
    onOutput() {},
  };
  const process = await traced.spawn(spec, never);
  assert.equal(spans.length, 0);
  exit.resolve({ signal: "SIGKILL", limit: "memory" });
  await process.exited;
  await assert.rejects(traced.spawn({ ...spec, argv: ["nothing"] }, never), /no program nothing/);
  assert.deepEqual(spans[0]!.attributes, {
    "session.id": "sess-1",
    "process.executable.name": "curl",
    "process.exit.code": undefined,
    "process.signal": "SIGKILL",
    "process.limit": "memory",
  });
  assert.equal(spans[0]!.failure, "memory");
  assert.equal(spans[1]!.failure, "not_found");
  assert.ok(seen[0]!.env["TRACEPARENT"]!.includes(spans[0]!.spanId));
  assert.equal(seen[0]!.env["A"], "b");
  await traced.spawn({ ...spec, env: {} }, never);
  await traced.spawn({ ...spec, env: { TRACEPARENT: "mine" } }, never);
  assert.equal(spans.length, 2);
  assert.deepEqual(seen.at(-1)!.env, { TRACEPARENT: "mine" });
});

/** A worker with private state, which answers by `answer`. */
class FakeWorker {
  readonly #load = { sessions: ["sess-1"] };
  readonly id = "worker-1";
  readonly seen: Task[] = [];
  constructor(readonly answer: (task: Task) => Promise<TaskOutcome>) {}
  get load() {
    return this.#load;
  }
  run(task: Task): Promise<TaskOutcome> {
    this.seen.push(task);
    return this.answer(task);
  }
}

/** What a listener hears of a worker that answers so. */
function heardOf(answer: (task: Task) => Promise<TaskOutcome>) {
  const { spans, tracer } = recorder();
  const heard: [string, WorkerConnection, string?][] = [];
  const listener: WorkerListener = {
    joined: (worker) => void heard.push(["joined", worker]),
    changed: (worker) => void heard.push(["changed", worker]),
    left: (worker, reason, isOver) => void heard.push(["left", worker, `${reason}, over: ${isOver}`]),
  };
  const fake = new FakeWorker(answer);
  const worker = fake as unknown as WorkerConnection;
  const traced = tracedWorkers(listener, tracer);
  traced.joined(worker);
  traced.changed(worker);
  traced.left(worker, "gone", true);
  return { spans, heard, fake, worker: heard[0]![1] };
}

const TASK: Task = {
  id: "task-1",
  sessionId: "sess-1",
  operation: "fs.write",
  input: { path: "secret name", content: "secret words" },
  body: new Uint8Array(7),
  deadlineMs: 1_000,
  traceparent: PARENT,
};

Deno.test("a listener hears of the same worker each time, and that is what it was", () => {
  const { heard, worker } = heardOf(() => Promise.resolve({ ok: true, output: {} }));
  assert.deepEqual(heard.map(([what, , reason]) => [what, reason]), [
    ["joined", undefined],
    ["changed", undefined],
    ["left", "gone, over: true"],
  ]);
  assert.ok(heard.every(([, one]) => one === worker));
  assert.deepEqual(worker.load.sessions, ["sess-1"]);
  assert.equal(worker.id, "worker-1");
});

Deno.test("each task at a worker is a span, with sizes and without contents", async () => {
  const body = new Uint8Array(9);
  const { spans, fake, worker } = heardOf(({ id }) =>
    Promise.resolve(
      id === "task-1"
        ? { ok: true, output: { secret: 1 }, body }
        : { ok: false, code: "not_found", message: "no secret name" },
    )
  );
  assert.equal((await worker.run(TASK, { signal: never })).ok, true);
  assert.equal((await worker.run({ ...TASK, id: "task-2" }, { signal: never })).ok, false);
  const [done, failed] = spans;
  assert.deepEqual(done!.attributes, {
    "session.id": "sess-1",
    "session.operation": "fs.write",
    "session.body_bytes": 7,
    "task.id": "task-1",
    "worker.id": "worker-1",
    "session.answer_bytes": 9,
  });
  assert.deepEqual([done!.name, done!.kind, done!.failure], ["task fs.write", "client", undefined]);
  assert.equal(done!.parentSpanId, "b7ad6b7169203331");
  assert.equal(failed!.failure, "not_found");
  fake.seen.forEach(({ traceparent }, at) => assert.ok(traceparent.includes(spans[at]!.spanId)));
  assert.doesNotMatch(JSON.stringify(spans, (_, one) => typeof one === "bigint" ? 0 : one), /secret/);
});

Deno.test("workers that are lost and calls that are given up are told apart", async () => {
  const failing = (error: unknown) => heardOf(() => Promise.reject(error));
  const lost = failing(new WorkerLostError("worker-1", true, "worker-1 is gone"));
  await assert.rejects(lost.worker.run(TASK, { signal: never }), /is gone/);
  assert.equal(lost.spans[0]!.failure, "WorkerLostError");
  const given = failing(new Error("the caller gave up"));
  await assert.rejects(given.worker.run(TASK, { signal: AbortSignal.abort() }), /gave up/);
  assert.equal(given.spans[0]!.failure, "canceled");
});

Deno.test("turned off, everything is what it was", () => {
  const { sessions } = fakeSessions();
  assert.equal(tracedSessions(sessions, noTracer), sessions);
  const executor = {} as TaskExecutor;
  assert.equal(tracedExecutor(executor, noTracer), executor);
  const listener = {} as WorkerListener;
  assert.equal(tracedWorkers(listener, noTracer), listener);
  const host = {} as SandboxHost;
  assert.equal(tracedHost(host, noTracer), host);
});
