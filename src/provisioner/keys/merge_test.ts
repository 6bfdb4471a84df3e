import assert from "node:assert/strict";
import { mergeRecords } from "./merge.ts";
import type { Hold, Key, KeyIntent, KeyRecord } from "./types.ts";

const key = (name: string): Key => ({
  name,
  organization: { name: "default" },
  home: { namespace: "a", name: "coder" },
});
const intent = (name: string, step: KeyIntent["step"]): KeyIntent => ({
  ...key(name),
  step,
  since: "2026-01-01T00:00:00Z",
});
const hold = (home: string, notBefore: string): Hold => ({
  home,
  notBefore,
  failures: 1,
  reason: "RateLimited",
  message: "",
});
const base: KeyRecord = { present: key("old"), intents: [], holds: [] };
const names = ({ present, intents }: KeyRecord) => [
  present?.name,
  ...intents.map(({ step, name }) => `${step} ${name}`),
];

Deno.test("where nobody else wrote, what the pass says is stored", () => {
  const mine = { ...base, present: key("new") };
  assert.equal(mergeRecords({ base, mine, theirs: structuredClone(base) }), mine);
});

Deno.test("a pass that changed nothing changes nothing", () => {
  const theirs = { ...base, present: key("new") };
  assert.equal(mergeRecords({ base, mine: structuredClone(base), theirs }), theirs);
});

Deno.test("the other writer knew more; keys that only the pass knows of are kept to be deleted", () => {
  const mine = { ...base, intents: [intent("mine", "Making"), intent("old-2", "Retiring")] };
  const theirs = { ...base, present: key("theirs"), intents: [intent("old", "Retiring")] };
  assert.deepEqual(names(mergeRecords({ base, mine, theirs })), [
    "theirs",
    "Retiring old",
    "Retiring mine",
    "Retiring old-2",
  ]);
});

Deno.test("a key that the pass put to use is not lost either", () => {
  const mine = { ...base, present: key("mine"), intents: [intent("old", "Retiring")] };
  const theirs = { ...base, intents: [intent("x", "Making")] };
  const merged = mergeRecords({ base, mine, theirs });
  assert.deepEqual(names(merged), ["old", "Making x", "Retiring mine"]);
  assert.equal(merged.intents[1]?.since, "1970-01-01T00:00:00Z");
});

Deno.test("a key that the pass deleted comes back and is deleted again, which does no harm", () => {
  const before = { ...base, intents: [intent("gone", "Retiring")] };
  const theirs = { ...before, rotation: "1" };
  assert.deepEqual(names(mergeRecords({ base: before, mine: base, theirs })), ["old", "Retiring gone"]);
});

Deno.test("the longest hold on each deployment counts, and the latest change", () => {
  const mine = {
    ...base,
    changedAt: "2026-01-01T00:00:05Z",
    holds: [hold("a/coder", "2026-01-01T00:00:01Z"), hold("b/coder", "2026-01-01T00:00:09Z")],
  };
  const theirs = {
    ...base,
    changedAt: "2026-01-01T00:00:04Z",
    holds: [hold("a/coder", "2026-01-01T00:00:02Z"), hold("c/coder", "2026-01-01T00:00:03Z")],
  };
  const merged = mergeRecords({ base, mine, theirs });
  assert.equal(merged.changedAt, mine.changedAt);
  assert.deepEqual(merged.holds.map(({ home, notBefore }) => `${home} ${notBefore.slice(17, 19)}`), [
    "a/coder 02",
    "c/coder 03",
    "b/coder 09",
  ]);
  assert.equal(mergeRecords({ base, mine: theirs, theirs: mine }).changedAt, mine.changedAt);
});
