import assert from "node:assert/strict";
import { unlessAborted } from "./unless_aborted.ts";

Deno.test("what comes before the signal is what comes", async () => {
  const { signal } = new AbortController();
  assert.equal(await unlessAborted(Promise.resolve("here"), signal), "here");
  await assert.rejects(unlessAborted(Promise.reject(new Error("not this way")), signal), /not this way/);
});

Deno.test("one who gives up is gone at once, and the others still get the outcome", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const [impatient, patient] = [new AbortController(), new AbortController()];
  const gone = unlessAborted(promise, impatient.signal);
  const there = unlessAborted(promise, patient.signal);
  impatient.abort(new Error("the client is gone"));
  await assert.rejects(gone, /the client is gone/);
  resolve("late");
  assert.equal(await there, "late");
});

Deno.test("who has given up before hears so, even of what is there", async () => {
  const signal = AbortSignal.abort(new Error("too late"));
  await assert.rejects(unlessAborted(Promise.resolve(1), signal), /too late/);
});

Deno.test("a failure that nobody waits for any more is nobody's", async () => {
  const { promise, reject } = Promise.withResolvers<never>();
  const caller = new AbortController();
  const waiting = unlessAborted(promise, caller.signal);
  caller.abort(new Error("gone"));
  await assert.rejects(waiting, /gone/);
  reject(new Error("unheard"));
  // An unhandled rejection would end the process before the next turn.
  await new Promise((resolve) => setTimeout(resolve, 0));
  await assert.rejects(promise, /unheard/);
});
