import assert from "node:assert/strict";
import type { TaskEvent, TaskOutcome } from "../link.ts";
import { SESSION_ERROR_CODES } from "../types.ts";
import { IDLE_LOAD } from "../testing/mock_executor.ts";
import { mockHello } from "../testing/mock_worker.ts";
import {
  encodeDown,
  encodeResume,
  encodeUp,
  readDown,
  readHello,
  readLoad,
  readUp,
  writeHello,
  writeLoad,
} from "./codec.ts";
import type { Down, Up } from "./messages.ts";
import { messages } from "./schema.ts";
import { aTask } from "./testing.ts";

const up = (message: Up) => readUp(messages.workerMessage.decode(encodeUp(message)));
const down = (message: Down) => readDown(messages.coordinatorMessage.decode(encodeDown(message)));

Deno.test("what the coordinator says arrives as it was", () => {
  const said: Down[] = [
    { kind: "task", number: 1, task: aTask({ input: { a: [1, "ä", null] }, traceparent: "00-1-2-01" }) },
    { kind: "task", number: 2 ** 40, task: aTask({ body: new Uint8Array([0, 255]) }) },
    { kind: "task", number: 3, task: aTask({ body: new Uint8Array() }) },
    { kind: "cancel", number: 3, reason: "enough" },
    { kind: "ack", number: Number.MAX_SAFE_INTEGER },
  ];
  for (const message of said) assert.deepEqual(down(message), message);
});

Deno.test("what the worker says arrives as it was", () => {
  const events: TaskEvent[] = [
    { kind: "output", stream: "stdout", text: "a" },
    { kind: "output", stream: "stderr", text: "" },
    { kind: "progress", done: 0, message: "" },
    { kind: "progress", done: 0.5, total: 0, message: "half" },
  ];
  for (const event of events) {
    assert.deepEqual(up({ kind: "event", number: 7, event }), { kind: "event", number: 7, event });
  }
  const outcomes: TaskOutcome[] = [
    { ok: true, output: {} },
    { ok: true, output: { a: { b: 1 } }, body: new Uint8Array([1]) },
    { ok: true, output: {}, body: new Uint8Array() },
    ...SESSION_ERROR_CODES.map((code) => ({ ok: false, code, message: "why" }) as const),
  ];
  for (const outcome of outcomes) {
    assert.deepEqual(up({ kind: "outcome", number: 7, outcome }), { kind: "outcome", number: 7, outcome });
  }
  assert.deepEqual(readUp(messages.workerMessage.decode(encodeResume({ registration: "r", lastTaken: 5 }))), {
    kind: "resume",
    resume: { registration: "r", lastTaken: 5 },
  });
});

Deno.test("answers that cannot be read are failures, and never a wrong answer", () => {
  const read = (outcome: object) => {
    const answer = readUp({ outcome: { number: 1, ...outcome } });
    assert.ok(answer?.kind === "outcome");
    return answer.outcome;
  };
  for (const outputJson of ["", "{", "[]", "null", "1", '"a"']) {
    const outcome = read({ success: { outputJson } });
    assert.ok(!outcome.ok && outcome.code === "internal", outputJson);
  }
  assert.equal(read({}).ok, false);
  assert.deepEqual(read({ failure: { code: "of a later version", message: "m" } }), {
    ok: false,
    code: "internal",
    message: "m",
  });
});

Deno.test("messages of later versions count for nothing, numbers that cannot be are refused", () => {
  assert.equal(readUp({}), undefined);
  assert.equal(readUp({ event: { number: 1 } }), undefined);
  assert.equal(readUp({ event: { number: 1, progress: { done: NaN, message: "" } } }), undefined);
  assert.equal(readDown({}), undefined);
  assert.equal(readDown({ task: { number: 1 } }), undefined);
  for (const number of [-1, 1.5, NaN, "18446744073709551615"]) {
    assert.throws(() => readDown({ ack: { number } }), { code: "invalid" });
    assert.throws(() => readUp({ resume: { registration: "r", lastTaken: number } }), { code: "invalid" });
  }
  const task = {
    id: "a",
    sessionId: "s",
    operation: "echo",
    inputJson: "[]",
    deadlineMs: 1,
    traceparent: "",
  };
  assert.throws(() => readDown({ task: { number: 1, task } }), { code: "invalid" });
});

Deno.test("what a worker says for people is cut: it ends up in records and answers", () => {
  const long = `${"x".repeat(8_191)}😀${"y".repeat(100_000)}`;
  const failed = readUp({ outcome: { number: 1, failure: { code: "failed", message: long } } });
  assert.ok(failed?.kind === "outcome" && !failed.outcome.ok);
  assert.equal(failed.outcome.message, `${"x".repeat(8_191)}\ufffd…`);
  const told = readUp({ event: { number: 1, progress: { done: 1, message: long } } });
  assert.ok(told?.kind === "event" && told.event.kind === "progress");
  assert.equal(told.event.message?.length, 8_193);
  const short = readUp({ event: { number: 1, progress: { done: 1, total: 2, message: "half" } } });
  assert.deepEqual(short, {
    kind: "event",
    number: 1,
    event: { kind: "progress", done: 1, total: 2, message: "half" },
  });
});

Deno.test("what a worker says of itself is looked at", () => {
  const hello = mockHello({ labels: { gpu: "yes" } });
  const throughTheWire = (value: ReturnType<typeof writeHello>) =>
    messages.registerRequest.decode(messages.registerRequest.encode({ workerId: "", hello: value })).hello;
  assert.deepEqual(readHello(throughTheWire(writeHello(hello))), hello);
  const least = { incarnation: "a", isolation: "none" } as ReturnType<typeof writeHello>;
  assert.deepEqual(readHello(throughTheWire(least)), {
    incarnation: "a",
    version: "",
    labels: {},
    capabilities: [],
    isolation: "none",
    capacity: 0,
    sharedStorage: "",
  }, "what has its default is not sent");
  const wrong = { ...writeHello(hello), isolation: "perfect" };
  assert.throws(() => readHello(throughTheWire(wrong)), /isolation/);
  for (
    const differing of [{ incarnation: "" }, { labels: { "": "a" } }, { capabilities: ["x".repeat(65)] }]
  ) {
    assert.throws(() => readHello({ ...writeHello(hello), ...differing }), { code: "invalid" });
  }
  assert.throws(() => readHello(null), /hello/);
});

Deno.test("a worker's load is looked at, and may be absent", () => {
  const load = { ...IDLE_LOAD, sessions: ["sess-1"], memoryBytes: 2 ** 42 };
  const bytes = messages.heartbeatRequest.encode({
    registration: "r",
    load: writeLoad(load),
    draining: true,
  });
  const { draining, load: read } = messages.heartbeatRequest.decode(bytes);
  assert.deepEqual(readLoad(read), load);
  assert.equal(draining, true);
  assert.deepEqual(readLoad(undefined), { ...IDLE_LOAD, freeDiskBytes: 0 });
  assert.throws(() => readLoad({ ...writeLoad(load), memoryBytes: -1 }), { code: "invalid" });
});
