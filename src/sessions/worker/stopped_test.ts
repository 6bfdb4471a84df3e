import assert from "node:assert/strict";
import { SessionError } from "../types.ts";
import { stopError } from "./stopped.ts";

const stoppedBy = (reason: unknown) => stopError(AbortSignal.abort(reason));

Deno.test("an error of sessions is what it is", () => {
  const reason = new SessionError("session_ended", "it was closed");
  assert.equal(stoppedBy(reason), reason);
});

Deno.test("a late task is late, any other was canceled", () => {
  const late = stoppedBy(Object.assign(new Error("it took too long"), { code: "deadline" }));
  assert.deepEqual([late.code, late.message], ["deadline", "it took too long"]);
  const canceled = stoppedBy(Object.assign(new Error("nobody waits"), { code: "canceled" }));
  assert.deepEqual([canceled.code, canceled.message], ["canceled", "nobody waits"]);
  for (const reason of [null, "text", 3, {}]) {
    assert.deepEqual([stoppedBy(reason).code, stoppedBy(reason).message], ["canceled", "it was canceled"]);
  }
  assert.equal(stoppedBy(new DOMException("timed out", "TimeoutError")).code, "canceled");
});
