import assert from "node:assert/strict";
import { CoderApiError, type CoderError, type CoderErrorKind, CoderNotSentError } from "../coder/mod.ts";
import {
  failureOf,
  heldMs,
  LASTING_WAITS_MS,
  PASSING_WAITS_MS,
  type Trouble,
  troubleAfter,
} from "./trouble.ts";

const call = { method: "GET", route: "/api/v2/workspaceproxies" };

function refused(kind: CoderErrorKind, retryAfterMs?: number): CoderError {
  return new CoderApiError("no", { kind, call, status: 500, retryAfterMs });
}

function after(errors: readonly CoderError[], random = 0.5): Trouble[] {
  const troubles: Trouble[] = [];
  for (const error of errors) {
    troubles.push(troubleAfter(error, { before: troubles.at(-1), now: 0, takenAt: 7, random }));
  }
  return troubles;
}

Deno.test("waits grow with each failure in a row, up to five minutes", () => {
  const waits = after(Array.from({ length: 7 }, () => refused("unavailable"))).map((one) => one.notBefore);
  assert.deepEqual(waits, [...PASSING_WAITS_MS, 300_000, 300_000]);
});

Deno.test("what somebody has to mend is looked at less often from the start", () => {
  for (const kind of ["forbidden", "notFound", "unauthorized", "unsupported", "badResponse"] as const) {
    const waits = after(Array.from({ length: 4 }, () => refused(kind))).map((one) => one.notBefore);
    assert.deepEqual(waits, [...LASTING_WAITS_MS, 300_000], kind);
  }
});

Deno.test("waits are spread by a fifth", () => {
  const [earliest] = after([refused("unavailable")], 0);
  const [latest] = after([refused("unavailable")], 1);
  assert.deepEqual([earliest?.notBefore, latest?.notBefore], [4_000, 6_000]);
});

Deno.test("a server's own time counts where it is later", () => {
  assert.equal(after([refused("rateLimited", 60_000)])[0]?.notBefore, 60_000);
  assert.equal(after([refused("rateLimited", 1_000)])[0]?.notBefore, 5_000);
});

Deno.test("a request that was held back on this side is no failure of its own", () => {
  const held = new CoderNotSentError("held", {
    kind: "rateLimited",
    reason: "held",
    call,
    retryAfterMs: 3_000,
  });
  const first = refused("unavailable");
  const [, second] = after([first, held]);
  assert.deepEqual([second?.error, second?.failures, second?.notBefore], [first, 1, 3_000]);
  assert.deepEqual(after([held]).map(({ error, failures }) => [error, failures]), [[held, 1]]);
});

Deno.test("a change lifts what it may have mended, never a wait that Coder needs", () => {
  const [lasting] = after([refused("forbidden")]);
  const [passing] = after([refused("rateLimited")]);
  assert.equal(heldMs(lasting, 10_000, -Infinity), 50_000);
  assert.equal(heldMs(lasting, 10_000, 7), 50_000);
  assert.equal(heldMs(lasting, 10_000, 8), 0);
  assert.equal(heldMs(passing, 1_000, 8), 4_000);
  assert.equal(heldMs(passing, 6_000, 8), 0);
  assert.equal(heldMs(undefined, 0, 8), 0);
});

Deno.test("callers are told the error, how often it came, and when the next try may be", () => {
  const [trouble] = after([refused("unavailable")]);
  assert.deepEqual(failureOf(trouble!, 1_000.5), { error: trouble!.error, failures: 1, retryInMs: 4_000 });
  assert.equal(failureOf(trouble!, 9_000).retryInMs, 0);
});
