import assert from "node:assert/strict";
import { sessionsSlot } from "./sessions_slot.ts";
import { echo } from "../../sessions/operations.ts";
import type { Sessions } from "../../sessions/coordinator/types.ts";

const OWNER = { id: "ann", name: "ann" };
const METHODS = [
  "create",
  "list",
  "get",
  "extend",
  "annotate",
  "close",
  "checkpoint",
  "restore",
  "checkpoints",
  "call",
  "everybody",
] as const;

Deno.test("an empty slot refuses everything, and says that nothing was done", async () => {
  const { sessions } = sessionsSlot();
  const { signal } = new AbortController();
  assert.deepEqual(Object.keys(sessions).sort(), [...METHODS].sort());
  await assert.rejects(() => sessions.call(OWNER, undefined, echo, { message: "x" }, undefined, { signal }), {
    name: "SessionError",
    code: "unavailable",
    message: /nothing was done/,
  });
  for (const method of METHODS) {
    const ask = sessions[method] as (...args: unknown[]) => Promise<unknown>;
    await assert.rejects(() => ask(OWNER, "x", signal), { code: "unavailable" }, method);
  }
});

Deno.test("a filled slot hands every call on as it is", async () => {
  const slot = sessionsSlot();
  const calls: unknown[] = [];
  slot.fill(
    Object.fromEntries(
      METHODS.map((method) => [method, (...args: unknown[]) => {
        calls.push([method, ...args]);
        return Promise.resolve(`${method}!`);
      }]),
    ) as unknown as Sessions,
  );
  for (const method of METHODS) {
    const ask = slot.sessions[method] as (...args: unknown[]) => Promise<unknown>;
    assert.equal(await ask(1, 2, 3), `${method}!`);
  }
  assert.deepEqual(calls, METHODS.map((method) => [method, 1, 2, 3]));
});
