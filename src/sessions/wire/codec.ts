/** Between messages as the wire has them and as the rest has them. What arrives is foreign, and is looked at. */
import { z } from "zod";
import type { Task, TaskEvent, TaskOutcome } from "../link.ts";
import {
  ISOLATION,
  labelsSchema,
  SESSION_ERROR_CODES,
  type SessionErrorCode,
  type WorkerHello,
  type WorkerLoad,
} from "../types.ts";
import type { Down, Resume, Up } from "./messages.ts";
import {
  type CoordinatorMessage,
  type HelloMessage,
  type LoadMessage,
  messages,
  type TaskMessage,
  type Wide,
  type WorkerMessage,
} from "./schema.ts";
import { WireError } from "./wire_error.ts";

const helloSchema = z.object({
  incarnation: z.string().min(1).max(128),
  version: z.string().max(128),
  labels: labelsSchema,
  capabilities: z.array(z.string().min(1).max(64)).max(256),
  isolation: z.enum(ISOLATION),
  capacity: z.int().min(0).max(1_000_000),
  sharedStorage: z.string().max(128),
});
/** Characters of what a worker says for people: it is kept in records, logs and answers. */
const MAX_MESSAGE = 8_192;

const loadSchema = z.object({
  sessions: z.array(z.string().min(1).max(64)).max(100_000),
  runningTasks: z.int().min(0),
  processes: z.int().min(0),
  memoryBytes: z.int().min(0),
  freeDiskBytes: z.int().min(0),
});

/** @throws {WireError} `invalid` */
export function readHello(message: HelloMessage | null | undefined): WorkerHello {
  if (!isThere(message)) {
    throw new WireError("invalid", "the worker says nothing of itself: `hello` is missing");
  }
  // One by one: defaults of what is absent are inherited. Maps have a prototype of their own.
  const { incarnation, version, labels, capabilities, isolation, capacity, sharedStorage } = message;
  const told = {
    incarnation,
    version,
    labels: { ...labels },
    capabilities,
    isolation,
    capacity,
    sharedStorage,
  };
  return checked(helloSchema, told, "what the worker says of itself");
}

export function writeHello(hello: WorkerHello): HelloMessage {
  return { ...hello, labels: { ...hello.labels }, capabilities: [...hello.capabilities] };
}

/** @throws {WireError} `invalid` */
export function readLoad(message: LoadMessage | null | undefined): WorkerLoad {
  const { sessions = [], runningTasks = 0, processes = 0, memoryBytes = 0, freeDiskBytes = 0 } = message ??
    {};
  return checked(loadSchema, {
    sessions,
    runningTasks,
    processes,
    memoryBytes: Number(memoryBytes),
    freeDiskBytes: Number(freeDiskBytes),
  }, "what the worker says of its load");
}

export function writeLoad(load: WorkerLoad): LoadMessage {
  return { ...load, sessions: [...load.sessions] };
}

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.slice(0, 5).map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new WireError("invalid", `${what} cannot be so: ${issues.join("; ")}`);
}

export function encodeResume({ registration, lastTaken }: Resume): Uint8Array {
  return messages.workerMessage.encode({ resume: { registration, lastTaken } });
}

export function encodeUp(message: Up): Uint8Array {
  const { number } = message;
  if (message.kind === "event") {
    const { event } = message;
    return messages.workerMessage.encode({
      event: event.kind === "output"
        ? { number, output: { stream: event.stream === "stderr" ? 1 : 0, text: event.text } }
        : { number, progress: { done: event.done, total: event.total ?? null, message: event.message } },
    });
  }
  const { outcome } = message;
  return messages.workerMessage.encode({
    outcome: outcome.ok
      ? { number, success: { outputJson: JSON.stringify(outcome.output), body: outcome.body ?? null } }
      : { number, failure: { code: outcome.code, message: outcome.message } },
  });
}

/** Undefined: nothing that is known here, such as of a later version. @throws {WireError} `invalid` */
export function readUp(message: WorkerMessage): Up | { kind: "resume"; resume: Resume } | undefined {
  const { resume, event, outcome } = message;
  if (isThere(event)) {
    const told = readEvent(event);
    return told === undefined ? undefined : { kind: "event", number: readNumber(event.number), event: told };
  }
  if (isThere(outcome)) {
    return { kind: "outcome", number: readNumber(outcome.number), outcome: readOutcome(outcome) };
  }
  if (!isThere(resume)) return undefined;
  const { registration, lastTaken } = resume;
  return { kind: "resume", resume: { registration, lastTaken: readNumber(lastTaken) } };
}

function readEvent({ output, progress }: NonNullable<WorkerMessage["event"]>): TaskEvent | undefined {
  if (isThere(output)) {
    return { kind: "output", stream: output.stream === 1 ? "stderr" : "stdout", text: output.text };
  }
  if (!isThere(progress) || !Number.isFinite(progress.done)) return undefined;
  const { done } = progress;
  const message = shortened(progress.message);
  const total = Number.isFinite(progress.total) ? progress.total ?? undefined : undefined;
  return total === undefined
    ? { kind: "progress", done, message }
    : { kind: "progress", done, total, message };
}

function readOutcome({ success, failure }: NonNullable<WorkerMessage["outcome"]>): TaskOutcome {
  if (isThere(success)) {
    const output = readObject(success.outputJson);
    if (output === undefined) return unreadable;
    return !isThere(success.body)
      ? { ok: true, output }
      : { ok: true, output, body: plainBytes(success.body) };
  }
  if (!isThere(failure)) return unreadable;
  const code: SessionErrorCode | undefined = SESSION_ERROR_CODES.find((known) => known === failure.code);
  return { ok: false, code: code ?? "internal", message: shortened(failure.message) };
}

function shortened(text: string): string {
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE)}…`.toWellFormed();
}

const unreadable: TaskOutcome = {
  ok: false,
  code: "internal",
  message:
    "the worker's answer cannot be read: is it of another version? Its log and that of the coordinator say more",
};

export function encodeDown(message: Down): Uint8Array {
  const { number } = message;
  switch (message.kind) {
    case "task": {
      const { id, sessionId, operation, input, body, deadlineMs, traceparent } = message.task;
      const inputJson = JSON.stringify(input);
      const task = { id, sessionId, operation, inputJson, body: body ?? null, deadlineMs, traceparent };
      return messages.coordinatorMessage.encode({ task: { number, task } });
    }
    case "cancel":
      return messages.coordinatorMessage.encode({ cancel: { number, reason: message.reason } });
    case "ack":
      return messages.coordinatorMessage.encode({ ack: { number } });
  }
}

/** Undefined: nothing that is known here. @throws {WireError} `invalid` */
export function readDown({ task, cancel, ack }: CoordinatorMessage): Down | undefined {
  if (isThere(task) && isThere(task.task)) {
    return { kind: "task", number: readNumber(task.number), task: readTask(task.task) };
  }
  if (isThere(cancel)) return { kind: "cancel", number: readNumber(cancel.number), reason: cancel.reason };
  if (isThere(ack)) return { kind: "ack", number: readNumber(ack.number) };
  return undefined;
}

function readTask({ id, sessionId, operation, inputJson, body, deadlineMs, traceparent }: TaskMessage): Task {
  const input = readObject(inputJson);
  if (input === undefined) {
    throw new WireError(
      "invalid",
      `what ${operation} is called with is not a JSON object: is the coordinator another version?`,
    );
  }
  const task = { id, sessionId, operation, input, deadlineMs: readNumber(deadlineMs), traceparent };
  return !isThere(body) ? task : { ...task, body: plainBytes(body) };
}

function readObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Record<string, unknown>
      : undefined;
  } catch {
    return undefined;
  }
}

function readNumber(wide: Wide): number {
  const number = Number(wide);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new WireError("invalid", `${wide} is not a number that can be`);
}

/** Fields that are absent are read as `null`. */
function isThere<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}

/** Not Node's kind, without copying. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
