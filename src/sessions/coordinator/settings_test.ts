import assert from "node:assert/strict";
import { STANDARD_LIMITS } from "../types.ts";
import { isSessionId, randomId, randomText } from "./ids.ts";
import { sessionSettings } from "./settings.ts";

Deno.test("settings that are not said are as documented", () => {
  const settings = sessionSettings();
  assert.equal(settings.maxAgeMs, 30 * 60_000);
  assert.equal(settings.cleanupIntervalMs, 5 * 60_000);
  assert.equal(settings.taskTimeoutMs, 5 * 60_000);
  assert.equal(settings.maxRetries, 3);
  assert.equal(settings.checkpointsPerOwner, 10);
  assert.deepEqual([settings.limits, settings.maxLimits], [STANDARD_LIMITS, STANDARD_LIMITS]);
});

Deno.test("the usual age and limits are never beyond the most", () => {
  const maxLimits = { ...STANDARD_LIMITS, processes: 8, cpuMs: 86_400_000 };
  const settings = sessionSettings({ maxAgeMs: 9_000_000, maxTtlMs: 60_000, maxLimits });
  assert.equal(settings.maxAgeMs, 60_000);
  assert.equal(sessionSettings({ maxTtlMs: 60_000 }).maxAgeMs, 60_000);
  assert.deepEqual(settings.limits, { ...STANDARD_LIMITS, processes: 8 });
  const limits = { ...STANDARD_LIMITS, processes: 6 };
  assert.deepEqual(sessionSettings({ limits, maxLimits }).limits, limits);
});

Deno.test("ids are random, of one form, and told from names", () => {
  const ids = new Set(Array.from({ length: 1_000 }, () => randomId("sess")));
  assert.equal(ids.size, 1_000);
  for (const id of ids) assert.ok(isSessionId(id), id);
  for (const name of ["default", "sess-", "sess-short", "Sess-abcdefghijklmnop", randomId("ckpt"), ""]) {
    assert.equal(isSessionId(name), false, name);
  }
  assert.match(randomText(40), /^[a-z2-7]{40}$/);
});
