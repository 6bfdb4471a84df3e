import assert from "node:assert/strict";
import { within } from "./within.ts";

const never = () => new Promise<never>(() => {});

Deno.test("what comes in time is what comes", async () => {
  const open = new AbortController();
  assert.equal(await within(open.signal, 5_000, () => Promise.resolve("here")), "here");
  await assert.rejects(
    within(open.signal, 5_000, () => Promise.reject(new Error("not this way"))),
    /not this way/,
  );
});

Deno.test("nobody waits longer, not even for somebody who hears no signal", async () => {
  let told: unknown;
  const waiting = within(new AbortController().signal, 20, (signal) => {
    signal.addEventListener("abort", () => told = signal.reason);
    return never();
  });
  await assert.rejects(waiting, { name: "TimeoutError" });
  assert.equal((told as DOMException).name, "TimeoutError");
});

Deno.test("a call that was given up is over at once, with its own reason", async () => {
  const caller = new AbortController();
  const waiting = within(caller.signal, 60_000, never);
  caller.abort(new Error("the client is gone"));
  await assert.rejects(waiting, /the client is gone/);
  await assert.rejects(within(caller.signal, 60_000, () => Promise.resolve(1)), /the client is gone/);
});
