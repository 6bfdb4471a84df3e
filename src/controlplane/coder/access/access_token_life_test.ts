import assert from "node:assert/strict";
import type { StoredToken } from "../../../coder/database/mod.ts";
import { endOf, goneTime, isDue, leftOver, renewalTime, storedToken, timeText } from "./access_token_life.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse("2026-01-01T00:00:00Z");
const at = (ms: number) => new Date(START + ms);

const token = (more: Partial<StoredToken> = {}): StoredToken => ({
  id: "abcdefghij",
  name: "first",
  createdAt: at(0),
  expiresAt: at(30 * DAY),
  lifetimeMs: 30 * DAY,
  lastUsedAt: at(0),
  ...more,
});

Deno.test("what Coder says of a token is read as the database has it", () => {
  const read = storedToken({
    id: "abcdefghij",
    user_id: "u",
    token_name: "first",
    scopes: [],
    login_type: "token",
    lifetime_seconds: 30 * 86_400,
    last_used: "0001-01-01T00:00:00Z",
    expires_at: "2026-01-31T00:00:00Z",
    created_at: "2026-01-01T00:00:00Z",
  });
  assert.deepEqual({ ...read, lastUsedAt: at(0) }, token());
  assert.ok(read.lastUsedAt < at(0), "never used");
});

Deno.test("the end that use moves on does not count, one that somebody set earlier does", () => {
  assert.deepEqual(endOf(token({ expiresAt: at(50 * DAY) })), at(30 * DAY));
  assert.deepEqual(endOf(token({ expiresAt: at(3 * DAY) })), at(3 * DAY));
});

Deno.test("a token in use is renewed at two thirds of its life or a little earlier, each at a time of its own", () => {
  const times = new Set<number>();
  for (let i = 0; i < 200; i++) {
    const time = renewalTime(token({ id: `token-${i}` })).getTime() - START;
    assert.ok(time <= 20 * DAY && time >= 18.5 * DAY, `${time / DAY}`);
    times.add(time);
  }
  assert.ok(times.size > 100, `${times.size} times`);
  assert.deepEqual(
    renewalTime(token()),
    renewalTime(token({ lastUsedAt: at(DAY), expiresAt: at(40 * DAY) })),
  );
});

Deno.test("a token's own life counts, not the one that is set now", () => {
  const year = token({ lifetimeMs: 365 * DAY, expiresAt: at(365 * DAY) });
  assert.equal(isDue(year, at(220 * DAY)), false);
  assert.equal(isDue(year, at(244 * DAY)), true);
});

Deno.test("an old token goes an hour and ten minutes after Coder last saw it used, as Coder looks hourly", () => {
  const current = token({ id: "new", createdAt: at(20 * DAY) });
  const since = (lastUsed: number) =>
    goneTime(token({ lastUsedAt: at(20 * DAY + lastUsed) }), current).getTime() - START - 20 * DAY;
  assert.equal(since(-3 * HOUR), HOUR / 6, "ten minutes at the least: replicas read the Secret");
  assert.equal(since(-HOUR / 2), HOUR * 2 / 3);
  assert.equal(since(0), HOUR * 7 / 6);
  assert.equal(since(5 * HOUR), HOUR * 37 / 6);
  assert.equal(since(23.5 * HOUR), DAY, "but after a day in any case");
});

Deno.test("a token that has expired, or never got into the Secret, goes at once", () => {
  const current = token({ id: "new", createdAt: at(DAY), expiresAt: at(31 * DAY) });
  const ended = token({ id: "ended", expiresAt: at(DAY), lastUsedAt: at(DAY) });
  const later = token({
    id: "later",
    createdAt: at(DAY + 1_000),
    expiresAt: at(31 * DAY),
    lastUsedAt: at(DAY),
  });
  const used = token({ id: "used", lastUsedAt: at(DAY) });
  const others = [ended, later, used];
  assert.deepEqual(leftOver({ current, others }, at(DAY + 2_000)), [ended, later]);
  assert.deepEqual(leftOver({ current, others }, at(3 * DAY)), others);
});

Deno.test("times are told in whole seconds", () => {
  assert.equal(timeText(at(123)), "2026-01-01T00:00:00Z");
});
