import assert from "node:assert/strict";
import { sleep, waitFor, WaitTimeoutError } from "./wait.ts";

Deno.test("waitFor returns the first truthy value", async () => {
  let looks = 0;
  assert.equal(await waitFor(() => ++looks >= 3 && `after ${looks}`, { intervalMs: 1 }), "after 3");
});

Deno.test("waitFor takes an exception as not yet", async () => {
  let looks = 0;
  const value = await waitFor(() => {
    if (++looks < 3) throw new Error("too early");
    return looks;
  }, { intervalMs: 1 });
  assert.equal(value, 3);
});

Deno.test("waitFor names what it waited for and the last value", async () => {
  await assert.rejects(
    waitFor(() => undefined, { timeoutMs: 5, intervalMs: 1, what: "the moon" }),
    (error) =>
      error instanceof WaitTimeoutError &&
      /waited 0\.005 s for the moon; last value: undefined/.test(error.message),
  );
});

Deno.test("waitFor gives the last error as the cause", async () => {
  const cause = new Error("not reachable");
  await assert.rejects(
    waitFor(() => Promise.reject(cause), { timeoutMs: 5, intervalMs: 1 }),
    (error) =>
      error instanceof WaitTimeoutError && error.cause === cause && /not reachable/.test(error.message),
  );
});

Deno.test("waitFor cuts a long last value short", async () => {
  const error = await waitFor<boolean>(() => 0 || Promise.reject(new Error("x")), { timeoutMs: 1 }).catch((
    e,
  ) => e);
  assert.ok(error instanceof WaitTimeoutError);
  await assert.rejects(
    waitFor(() => Promise.reject("s".repeat(5000)), { timeoutMs: 1 }),
    (late: Error) => late.message.length < 2500 && late.message.endsWith("…"),
  );
});

Deno.test("waitFor ends with the reason of its signal", async () => {
  const controller = new AbortController();
  const waiting = waitFor(() => false, { signal: controller.signal, timeoutMs: 60_000, intervalMs: 60_000 });
  const reason = new Error("enough");
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  await assert.rejects(waitFor(() => true, { signal: controller.signal }), reason);
});

Deno.test("sleep does not begin on an aborted signal", async () => {
  const reason = new Error("over");
  await assert.rejects(sleep(60_000, AbortSignal.abort(reason)), reason);
});
