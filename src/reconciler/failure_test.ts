import assert from "node:assert/strict";
import { KubeApiError, KubeConnectionError } from "../kube/errors.ts";
import { classify } from "./failure.ts";
import { TerminalError } from "./reconcile.ts";

const CALL = { method: "PUT", path: "/apis/x" };
const conflict = new KubeApiError(409, "Conflict", "changed meanwhile", CALL);
const exists = new KubeApiError(409, "AlreadyExists", "exists", CALL);
const throttled = new KubeApiError(429, "TooManyRequests", "slow down", CALL, 7_000);
const terminal = new TerminalError("name is taken");

Deno.test("another writer is no failure, wherever the conflict sits", () => {
  for (
    const error of [
      conflict,
      new Error("status", { cause: conflict }),
      new AggregateError([conflict, conflict]),
    ]
  ) {
    assert.deepEqual(classify(error), { kind: "conflict" });
  }
  assert.equal(classify(exists).kind, "retry");
  assert.equal(classify(new AggregateError([conflict, new Error("other")])).kind, "retry");
});

Deno.test("a terminal error is terminal through causes, and only where no other error could be cured", () => {
  for (const error of [terminal, new Error("step", { cause: terminal }), new AggregateError([terminal])]) {
    assert.deepEqual(classify(error), { kind: "terminal" });
  }
  assert.deepEqual(classify(new TerminalError("stop", { cause: throttled })), { kind: "terminal" });
  assert.equal(classify(new AggregateError([terminal, new Error("other")])).kind, "retry");
});

Deno.test("a wait that a server asked for is kept, the longest of several, but not an arbitrary one", () => {
  const after = (error: unknown) => {
    const failure = classify(error);
    return failure.kind === "retry" ? failure.atLeastMs : failure.kind;
  };
  assert.equal(after(throttled), 7_000);
  assert.equal(after(new Error("x", { cause: throttled })), 7_000);
  assert.equal(after(new AggregateError([new Error("x"), throttled])), 7_000);
  assert.equal(after(Object.assign(new Error("coder"), { retryAfterMs: 3_000 })), 3_000);
  assert.equal(after(Object.assign(new Error("coder"), { retryAfterMs: 1e12 })), 600_000);
  assert.equal(after(Object.assign(new Error("coder"), { retryAfterMs: "soon" })), 0);
  assert.equal(after(new KubeConnectionError("gone", CALL)), 0);
});

Deno.test("mistakes in the program are told from failures of the world", () => {
  const bug = (error: unknown) => {
    const failure = classify(error);
    return failure.kind === "retry" && failure.bug;
  };
  for (
    const error of [new TypeError("x is not a function"), new RangeError("x"), "text", undefined, { code: 1 }]
  ) {
    assert.equal(bug(error), true, Deno.inspect(error));
  }
  for (const error of [throttled, new Error("x"), new Error("x", { cause: new TypeError("y") })]) {
    assert.equal(bug(error), false, Deno.inspect(error));
  }
});

Deno.test("causes that go in a circle, and aggregates of nothing, end", () => {
  const error = new Error("round");
  error.cause = new Error("and", { cause: error });
  assert.equal(classify(error).kind, "retry");
  assert.equal(classify(new AggregateError([])).kind, "retry");
});
