/** Spans of sandbox sessions: around the coordinator's calls, the worker's tasks, and processes. Names and sizes, no contents. */
import { codeOf, inSpan, parseTraceparent, type SpanAttributes, type Tracer } from "../telemetry/tracing.ts";
import type { Sessions } from "./coordinator/types.ts";
import type { Task, TaskExecutor, WorkerConnection, WorkerListener } from "./link.ts";
import type { Sandbox, SandboxExit, SandboxHost, SpawnSpec } from "./sandbox/types.ts";

/** The same, in spans named `session.call`, `session.create`, …; each task of a worker is a child of one. */
export function tracedSessions<S extends Sessions>(sessions: S, tracer: Tracer): S {
  if (!tracer.isOn) return sessions;
  const traced: Pick<Sessions, "create" | "call" | "checkpoint" | "restore"> = {
    create: (owner, request, options) =>
      inSpan(tracer, "session.create", { parent: options.traceparent }, async ({ traceparent, set }) => {
        const record = await sessions.create(owner, request, { ...options, traceparent });
        set({ "session.id": record.id, "worker.id": record.workerId });
        return record;
      }),
    call: (owner, ref, operation, input, body, options) => {
      const attributes = { "session.operation": operation.name, "session.body_bytes": body?.length };
      const parent = { parent: options.traceparent, attributes };
      return inSpan(tracer, "session.call", parent, async ({ traceparent, set }) => {
        const answer = await sessions.call(owner, ref, operation, input, body, { ...options, traceparent });
        set({ "session.id": answer.session.id, "worker.id": answer.session.workerId });
        return answer;
      });
    },
    checkpoint: (owner, ref, options) =>
      inSpan(tracer, "session.checkpoint", { parent: options.traceparent }, async ({ traceparent, set }) => {
        const checkpoint = await sessions.checkpoint(owner, ref, { ...options, traceparent });
        set({ "session.id": checkpoint.sessionId, "checkpoint.bytes": checkpoint.size });
        return checkpoint;
      }),
    restore: (owner, ref, checkpoint, options) =>
      inSpan(tracer, "session.restore", { parent: options.traceparent }, async ({ traceparent, set }) => {
        const restored = await sessions.restore(owner, ref, checkpoint, { ...options, traceparent });
        set({ "session.id": restored.session.id });
        return restored;
      }),
  };
  return over(sessions, traced as Partial<S>);
}

/** The same for workers as `listener` is told of them: each task there, as often as it is tried, in a span. */
export function tracedWorkers(listener: WorkerListener, tracer: Tracer): WorkerListener {
  if (!tracer.isOn) return listener;
  const known = new WeakMap<WorkerConnection, WorkerConnection>();
  const traced = (worker: WorkerConnection) => {
    let found = known.get(worker);
    if (found === undefined) known.set(worker, found = tracedWorker(worker, tracer));
    return found;
  };
  return {
    joined: (worker) => listener.joined(traced(worker)),
    changed: (worker) => listener.changed(traced(worker)),
    left: (worker, reason, isOver) => listener.left(traced(worker), reason, isOver),
  };
}

function tracedWorker(worker: WorkerConnection, tracer: Tracer): WorkerConnection {
  const run: WorkerConnection["run"] = async (task, options) => {
    const attributes = { ...attributesOf(task), "worker.id": worker.id };
    const span = tracer.start(`task ${task.operation}`, {
      parent: task.traceparent,
      kind: "client",
      attributes,
    });
    try {
      const outcome = await worker.run({ ...task, traceparent: span.traceparent }, options);
      if (outcome.ok) span.set({ "session.answer_bytes": outcome.body?.length });
      else span.fail(outcome.code);
      return outcome;
    } catch (error) {
      span.fail(options.signal.aborted ? "canceled" : codeOf(error));
      throw error;
    } finally {
      span.end();
    }
  };
  return over(worker, { run });
}

function attributesOf({ id, sessionId, operation, body }: Task): SpanAttributes {
  return {
    "session.id": sessionId,
    "session.operation": operation,
    "session.body_bytes": body?.length,
    "task.id": id,
  };
}

/** The same, each task in a span, which is what its processes are told of. */
export function tracedExecutor<E extends TaskExecutor>(executor: E, tracer: Tracer): E {
  if (!tracer.isOn) return executor;
  const execute: TaskExecutor["execute"] = async (task, tell, signal) => {
    const attributes = attributesOf(task);
    const span = tracer.start(`task ${task.operation}`, {
      parent: task.traceparent,
      kind: "server",
      attributes,
    });
    try {
      const outcome = await executor.execute({ ...task, traceparent: span.traceparent }, tell, signal);
      if (!outcome.ok) {
        span.fail(outcome.code);
      }
      return outcome;
    } finally {
      span.end();
    }
  };
  return over(executor, { execute } as Partial<E>);
}

/** The same, each process of a task in a span from its start to its end; `TRACEPARENT` leads what it starts there. */
export function tracedHost(host: SandboxHost, tracer: Tracer): SandboxHost {
  if (!tracer.isOn) return host;
  return over(host, {
    open: async (id, options, signal) => tracedSandbox(await host.open(id, options, signal), tracer),
  });
}

function tracedSandbox(sandbox: Sandbox, tracer: Tracer): Sandbox {
  const spawn = async (spec: SpawnSpec, signal: AbortSignal) => {
    const parent = spec.env["TRACEPARENT"];
    // One that is none is the caller's own variable, whatever it is for.
    if (parseTraceparent(parent) === undefined) return await sandbox.spawn(spec, signal);
    const attributes = { "session.id": sandbox.id, "process.executable.name": programOf(spec.argv[0]) };
    const span = tracer.start("process", { parent, attributes });
    try {
      const env = { ...spec.env, TRACEPARENT: span.traceparent };
      const process = await sandbox.spawn({ ...spec, env }, signal);
      void process.exited.then((exit) => {
        span.set({
          "process.exit.code": exit.exitCode,
          "process.signal": exit.signal,
          "process.limit": exit.limit,
        });
        if (exit.exitCode !== 0) span.fail(endOf(exit));
      }).finally(() => span.end());
      return process;
    } catch (error) {
      span.fail(codeOf(error));
      span.end();
      throw error;
    }
  };
  return over(sandbox, { spawn });
}

/** Without its directory; arguments are contents. */
function programOf(path: string | undefined): string {
  return (path ?? "").split("/").at(-1)!.slice(0, 64);
}

function endOf(exit: SandboxExit): string {
  return exit.limit ?? exit.signal ?? "exit";
}

/** `base` with some methods replaced; the others run on `base` itself, whose private state they need. */
function over<T extends object>(base: T, changed: Partial<T>): T {
  return new Proxy(base, {
    get(target, key) {
      if (Object.hasOwn(changed, key)) return changed[key as keyof T];
      const value = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
