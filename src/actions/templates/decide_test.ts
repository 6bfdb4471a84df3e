import assert from "node:assert/strict";
import { decide, INPUTS_LOST_AFTER_MS, type Step } from "./decide.ts";
import { AT, NEW, OLD, OTHER, record, version } from "./testing.ts";

function step(changes: Partial<Parameters<typeof decide>[0]> = {}): Step {
  return decide({
    record: record(),
    version: undefined,
    active: OLD,
    hasVariables: false,
    now: Date.parse(AT) + 1_000,
    wait: { timeoutMs: 60_000 },
    ...changes,
  });
}

Deno.test("a version that is not there is made, one that is imported is promoted, and then it is done", () => {
  assert.deepEqual(step(), { do: "createVersion" });
  for (const status of ["pending", "running", "canceling", "unknown", ""]) {
    assert.deepEqual(step({ version: version(status) }), { do: "wait" });
  }
  assert.deepEqual(step({ version: version("succeeded") }), { do: "promote", version: NEW });
  assert.deepEqual(step({ version: version("succeeded"), active: NEW }), { do: "done" });
});

Deno.test("what was not imported is never promoted", () => {
  for (const active of [OLD, NEW]) {
    assert.deepEqual(step({ version: version("failed"), active }), {
      do: "fail",
      reason: "BuildFailed",
      cancel: false,
    });
    assert.deepEqual(step({ version: version("canceled"), active }), {
      do: "fail",
      reason: "BuildCanceled",
      cancel: false,
    });
  }
});

Deno.test("an import that takes too long is ended, not one that was over before anybody looked", () => {
  const now = Date.parse(AT) + 60_000;
  assert.deepEqual(step({ version: version("running"), now }), {
    do: "fail",
    reason: "BuildTimedOut",
    cancel: true,
  });
  assert.deepEqual(step({ version: version("succeeded"), now }).do, "promote");
  assert.deepEqual(step({ version: version("running"), now: now - 1 }).do, "wait");
});

Deno.test("what somebody else has promoted meanwhile stays, what this change is made on top of does not", () => {
  const superseded = (cancel: boolean) => ({ do: "fail", reason: "Superseded", cancel });
  assert.deepEqual(step({ version: version("succeeded"), active: OTHER }), superseded(false));
  assert.deepEqual(step({ version: version("running"), active: OTHER }), superseded(true));
  assert.deepEqual(step({ active: OTHER }), superseded(false));
  const onTop = record({ bases: [OLD, OTHER] });
  assert.equal(step({ record: onTop, version: version("succeeded"), active: OTHER }).do, "promote");
  // A first version is active from the start.
  assert.equal(step({ version: version("running"), active: NEW }).do, "wait");
});

Deno.test("without the values of its variables a version is not made, but one that is made is promoted", () => {
  const secret = record({ hasVariables: true });
  // Whoever has them makes it at once: others leave it alone for as long as that may take.
  assert.deepEqual(step({ record: secret }), { do: "leave" });
  assert.deepEqual(step({ record: secret, now: Date.parse(AT) + INPUTS_LOST_AFTER_MS - 1 }), { do: "leave" });
  assert.deepEqual(step({ record: secret, now: Date.parse(AT) + INPUTS_LOST_AFTER_MS }), {
    do: "fail",
    reason: "InputsLost",
    cancel: false,
  });
  assert.equal(step({ record: secret, hasVariables: true }).do, "createVersion");
  assert.equal(step({ record: secret, version: version("succeeded") }).do, "promote");
});
