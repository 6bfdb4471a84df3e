import assert from "node:assert/strict";
import { orAbort } from "./or_abort.ts";

Deno.test("what comes first counts, and what fails later fails nobody", async () => {
  const never = new AbortController().signal;
  assert.equal(await orAbort(Promise.resolve(1), never), 1);
  await assert.rejects(orAbort(Promise.reject(new Error("no")), never), /no/);
  const leaving = new AbortController();
  const work = Promise.withResolvers<number>();
  const waiting = orAbort(work.promise, leaving.signal);
  leaving.abort(new Error("gone"));
  await assert.rejects(waiting, /gone/);
  work.reject(new Error("later"));
  await assert.rejects(orAbort(Promise.reject(new Error("no")), leaving.signal), /gone/);
  await new Promise((resolve) => setTimeout(resolve, 0));
});
