import assert from "node:assert/strict";
import type { StoredToken } from "../../../coder/database/mod.ts";
import { type AccessFacts, decide, type Decision, type Verdict } from "./access_decision.ts";

const DAY = 86_400_000;
const NOW = new Date("2026-03-01T00:00:00Z");
const daysAgo = (days: number) => new Date(NOW.getTime() - days * DAY);

function token(id: string, ageDays: number, more: Partial<StoredToken> = {}): StoredToken {
  const createdAt = daysAgo(ageDays);
  return {
    id,
    name: id,
    createdAt,
    expiresAt: new Date(createdAt.getTime() + 30 * DAY),
    lifetimeMs: 30 * DAY,
    lastUsedAt: createdAt,
    ...more,
  };
}

const young = token("young", 5);
const aged = token("aged", 21);
const valid = (current: StoredToken, ...others: StoredToken[]): Verdict => ({
  kind: "valid",
  by: "coder",
  current,
  others,
});
const facts = (change: Partial<AccessFacts>): AccessFacts => ({
  disabled: false,
  traces: true,
  secret: "held",
  ready: true,
  verdict: { kind: "unknown" },
  known: undefined,
  now: NOW,
  ...change,
});

const predecessor = token("predecessor", 25);
const inUse = token("in-use", 25, { lastUsedAt: NOW });
const fresh = token("fresh", 0.1);
const orphan = token("orphan", 1);
const expired = token("expired", 6, { expiresAt: daysAgo(1) });

const cases: [string, Partial<AccessFacts>, Decision][] = [
  ["disabled, with something left", { disabled: true }, { do: "giveUp" }],
  ["disabled, and all is gone", { disabled: true, traces: false }, { do: "nothing" }],
  ["disabled comes before a foreign Secret", { disabled: true, secret: "foreign" }, { do: "giveUp" }],
  ["a foreign Secret", { secret: "foreign", verdict: valid(young) }, { do: "refuse" }],
  ["no token and no pod", { secret: "none", ready: false }, { do: "wait" }],
  ["no token, and pods", { secret: "none" }, { do: "make", renew: false }],
  ["a valid token", { verdict: valid(young) }, { do: "keep", confirmed: true }],
  ["a valid token at two thirds of its life", { verdict: valid(aged) }, { do: "make", renew: true }],
  [
    "a renewal for which no name is free",
    { verdict: valid(aged, inUse) },
    { do: "drop", tokens: [inUse], keep: "aged" },
  ],
  [
    "a predecessor that nobody has used for long",
    { verdict: valid(fresh, predecessor) },
    { do: "drop", tokens: [predecessor], keep: "fresh" },
  ],
  ["a predecessor that may be in use", { verdict: valid(fresh, inUse) }, { do: "keep", confirmed: true }],
  [
    "a token that never got into the Secret",
    { verdict: valid(young, orphan) },
    { do: "drop", tokens: [orphan], keep: "young" },
  ],
  ["an expired other", { verdict: valid(young, expired) }, { do: "drop", tokens: [expired], keep: "young" }],
  ["a refused token", { verdict: { kind: "refused" } }, { do: "make", renew: false }],
  ["a stranger's token", { verdict: { kind: "stranger" } }, { do: "make", renew: false }],
  ["nobody to ask about a token that nobody knows", {}, { do: "make", renew: false }],
  ["nobody to ask about a token that worked", { known: young }, { do: "keep", confirmed: false }],
  ["nobody to ask, and a renewal is due", { known: aged }, { do: "make", renew: true }],
  ["no pod, and a token that worked", { ready: false, known: aged }, { do: "keep", confirmed: false }],
  ["no pod, and a token that nobody knows", { ready: false }, { do: "wait" }],
];

for (const [what, given, expected] of cases) {
  Deno.test(`decision: ${what}`, () => assert.deepEqual(decide(facts(given)), expected));
}

Deno.test("no answer that leaves a token's worth open ever leads to a new one while the old one is known to work", () => {
  for (const ready of [true, false]) {
    for (const secret of ["held", "foreign"] as const) {
      const { do: what } = decide(facts({ ready, secret, known: young }));
      assert.ok(["keep", "refuse"].includes(what), what);
    }
  }
});
