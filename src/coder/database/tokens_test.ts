import assert from "node:assert/strict";
import { type FoundToken, freeName } from "./tokens.ts";

function token(name: string, hours: number, fields: Partial<FoundToken> = {}): FoundToken {
  const at = new Date(hours * 3_600_000);
  return {
    ...{ id: `id-${name}`, name, createdAt: at, expiresAt: at, lastUsedAt: at, lifetimeMs: 1 },
    ...{ live: true, matches: false, ...fields },
  };
}

const NAMES = ["one", "two"];

Deno.test("the preferred name is taken first, then the other, and a live token keeps its own", () => {
  assert.deepEqual(freeName(NAMES, [], undefined), { name: "one" });
  assert.deepEqual(freeName(NAMES, [token("two", 1)], undefined), { name: "one" });
  assert.deepEqual(freeName(NAMES, [token("one", 1)], undefined), { name: "two" });
});

Deno.test("an expired token makes room for a new one of its name", () => {
  const expired = token("one", 1, { live: false });
  assert.deepEqual(freeName(NAMES, [expired], undefined), { name: "one", replaces: expired });
  assert.deepEqual(freeName(NAMES, [expired, token("two", 2)], undefined), {
    name: "one",
    replaces: expired,
  });
});

Deno.test("with all names taken the oldest goes, but never the one in use", () => {
  const [one, two] = [token("one", 1), token("two", 2)];
  assert.deepEqual(freeName(NAMES, [two, one], undefined), { name: "one", replaces: one });
  assert.deepEqual(freeName(NAMES, [two, one], one), { name: "two", replaces: two });
  assert.deepEqual(freeName(NAMES, [two, one], two), { name: "one", replaces: one });
});

Deno.test("with the only name in use there is none", () => {
  const one = token("one", 1);
  assert.equal(freeName(["one"], [one], one), undefined);
  assert.deepEqual(freeName(["one"], [one], undefined), { name: "one", replaces: one });
});
