import assert from "node:assert/strict";
import { answerOf, eventSchema, startedSchema, usageSchema } from "./messages.ts";

Deno.test("answers are what they have to be, or an error with its code", () => {
  assert.deepEqual(answerOf(startedSchema, { id: 1, pid: 5 }, "start"), { pid: 5 });
  assert.throws(() => answerOf(startedSchema, { error: "limit", message: "too many" }, "start"), {
    name: "SessionError",
    code: "limit",
    message: "too many",
  });
  // A code that is none of ours says nothing about what to do.
  assert.throws(() => answerOf(startedSchema, { error: "odd", message: "x" }, "start"), {
    code: "internal",
    message: "x",
  });
  assert.throws(() => answerOf(startedSchema, { error: 5 }, "start"), {
    code: "internal",
    message: /^start: /,
  });
  assert.throws(() => answerOf(startedSchema, { pid: -1 }, "start"), { code: "internal" });
  assert.throws(() => answerOf(usageSchema, { cpuMs: 1 }, "usage"), {
    code: "internal",
    message: /no answer to it/,
  });
});

Deno.test("messages of errors are cut", () => {
  assert.throws(
    () => answerOf(startedSchema, { error: "failed", message: "x".repeat(100_000) }, "start"),
    (error: Error) => error.message.length === 4_096,
  );
});

Deno.test("events are those that are known", () => {
  assert.ok(eventSchema.safeParse({ event: "output", process: 1, stream: "stdout" }).success);
  assert.ok(eventSchema.safeParse({ event: "exit", process: 1, signal: "SIGKILL", limit: "cpu" }).success);
  for (
    const odd of [
      {},
      { event: "other" },
      { event: "output", process: 1, stream: "stdin" },
      { event: "output", process: 1.5, stream: "stdout" },
      { event: "exit", process: 1, limit: "patience" },
      { event: "exit", process: 1, signal: "x".repeat(100) },
      { event: "idle" },
    ]
  ) assert.equal(eventSchema.safeParse(odd).success, false, JSON.stringify(odd));
});
