import assert from "node:assert/strict";
import { decide, intervalMs, type Known } from "./decide.ts";
import type { SourceState } from "./state.ts";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const at = (seconds: number) => new Date(NOW + seconds * 1_000).toISOString();
const attempt = { revision: "r", base: "v1", at: at(-10), stage: "build" as const };
const watch = { version: "v1", revision: "r", at: at(-10), until: at(600), before: { version: "v0" } };

/** All is well: looked at 10 s ago. */
const well: SourceState = { revision: "r", versionID: "v1", checkedAt: at(-10), of: "of" };

function step(state: SourceState, more: Partial<Known> = {}) {
  const known: Known = {
    state,
    source: { git: { url: "x" } },
    of: "of",
    request: undefined,
    active: "v1",
    verdict: "open",
    now: NOW,
    me: "a",
    intervalMs: 300_000,
    ...more,
  };
  const decided = decide(known);
  if (decided.do === "wait") return `wait ${(decided.until - NOW) / 1_000}`;
  return decided.do === "look" ? `look${decided.isAsked ? " asked" : ""}` : decided.do;
}

const suspended = { git: { url: "x" }, suspend: true };

Deno.test("a source is looked at when it is due, when somebody asks, and when something else is asked for", () => {
  assert.equal(step({}), "look");
  assert.equal(step(well), "wait 290");
  assert.equal(step({ ...well, checkedAt: at(-300) }), "look");
  assert.equal(step({ ...well, checkedAt: "never" }), "look");
  assert.equal(step(well, { request: "1" }), "look asked");
  assert.equal(step({ ...well, handledRequest: "1" }, { request: "1" }), "wait 290");
  assert.equal(step(well, { of: "other" }), "look asked");
  assert.equal(step({}, { source: suspended }), "wait Infinity");
  assert.equal(step(well, { source: suspended, request: "1" }), "wait Infinity");
});

Deno.test("an attempt goes on where it is, and ends where something else is wanted", () => {
  const of = (more: object, known: Partial<Known> = {}) =>
    step({ ...well, attempt: { ...attempt, ...more } }, known);
  assert.equal(of({}), "build");
  assert.equal(of({ name: "n" }), "watchBuild");
  assert.equal(of({ stage: "canary" }), "startCanary");
  assert.equal(of({ stage: "canary", canary: { name: "canary-1", at: at(0) } }), "watchCanary");
  assert.equal(of({ stage: "promote" }), "promote");
  for (const known of [{ of: "other" }, { source: suspended }]) {
    assert.equal(of({}, known), "abandon");
    assert.equal(of({ stage: "canary" }, known), "abandon");
    // It may be active already.
    assert.equal(of({ stage: "promote" }, known), "promote");
  }
});

Deno.test("a version that is watched is taken back, or accepted, in time", () => {
  const of = (known: Partial<Known>, until = 600) =>
    step({ ...well, watch: { ...watch, until: at(until) } }, known);
  assert.equal(of({ verdict: "bad" }), "rollBack");
  assert.equal(of({ verdict: "good" }), "acceptVersion");
  assert.equal(of({}), "wait 290");
  assert.equal(of({}, 60), "wait 60");
  assert.equal(of({}, 0), "acceptVersion");
  assert.equal(of({ source: suspended }), "wait 600");
  assert.equal(of({ active: "by-hand" }), "checkDrift");
});

Deno.test("drift is told when it comes and when it goes, also of what is suspended", () => {
  assert.equal(step(well, { active: "by-hand" }), "checkDrift");
  assert.equal(step(well, { active: "by-hand", source: suspended }), "checkDrift");
  assert.equal(step({ ...well, drift: true }, { active: "by-hand" }), "wait 290");
  assert.equal(step({ ...well, drift: true }), "checkDrift");
  assert.equal(step({ checkedAt: at(-10) }, { active: "whatever" }), "wait 290");
});

Deno.test("workspaces of trials go first, and nothing is done while another replica is at work", () => {
  const leftover = (next: number) => ({ name: "canary-1", at: at(-60), tries: 0, next: at(next) });
  assert.equal(step({ ...well, attempt, leftovers: [leftover(0)] }), "removeCanary");
  assert.equal(step({ ...well, leftovers: [leftover(30)] }), "wait 30");
  const claim = (by: string, until: number) => ({ claim: { by, until: at(until) } });
  assert.equal(step({ ...well, attempt, leftovers: [leftover(0)], ...claim("b", 20) }), "wait 20");
  assert.equal(step({ ...well, attempt, ...claim("a", 20) }), "build");
  assert.equal(step({ ...well, attempt, ...claim("b", 0) }), "build");
});

Deno.test("intervals are those of the source, a little more or less", () => {
  assert.equal(intervalMs({}, 0.5), 300_000);
  assert.deepEqual([intervalMs({ intervalSeconds: 100 }, 0), intervalMs({ intervalSeconds: 100 }, 1)], [
    95_000,
    105_000,
  ]);
});
