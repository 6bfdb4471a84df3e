import assert from "node:assert/strict";
import { leastMs, Pace, SHARES } from "./pace.ts";

const even = new Pace({ jitter: 0 });

Deno.test("workspaces are listed every thirty seconds, three times as often while something is built", () => {
  assert.equal(even.afterList("workspaces", 100, false), 30_000);
  assert.equal(even.afterList("workspaces", 100, true), 10_000);
  assert.equal(even.whileBuilding(), 10_000);
});

Deno.test("both lists of templates come once a minute, so that four requests a minute are all", () => {
  assert.equal(even.afterList("templates", 25, false), 60_000);
  assert.equal(even.afterList("deprecated", 25, true), 60_000);
});

Deno.test("jobs are asked for so often that builds of some seconds are seen, less often of a Coder that is slow", () => {
  assert.equal(even.afterList("jobs", 20, false), 5_000);
  assert.equal(even.afterList("jobs", 20, true), 5_000);
  assert.equal(Math.round(even.afterList("jobs", 100, false)), 19_900);
});

Deno.test("ten thousand workspaces of a Coder that needs half a second a page come every three minutes", () => {
  const wait = even.afterList("workspaces", 10 * 500, true);
  assert.equal(Math.round((wait + 5_000) / 1_000), 167);
});

Deno.test("whatever the interval, the share and the load: a Coder is never busy for more than 5 % of its time", () => {
  for (const pollMs of [5_000, 30_000, 600_000]) {
    for (const tookMs of [1, 40, 700, 9_000, 120_000]) {
      const pace = new Pace({ pollMs, random: () => 0 });
      const busy = (["workspaces", "templates", "deprecated", "jobs"] as const)
        .map((name) => tookMs / (tookMs + pace.afterList(name, tookMs, true)))
        .reduce((sum, share) => sum + share);
      assert.ok(busy <= 0.0501, `${pollMs} ${tookMs}: ${busy}`);
    }
  }
});

Deno.test("all lists together leave a Coder 95 % of its time", () => {
  const total = Object.values(SHARES).reduce((sum, share) => sum + share, 0);
  assert.ok(total <= 0.0501, String(total));
  for (const [name, tookMs] of [["workspaces", 6_000], ["templates", 900], ["jobs", 400]] as const) {
    const wait = even.afterList(name, tookMs, true);
    assert.ok(tookMs / (tookMs + wait) <= SHARES[name] + 1e-9, name);
    assert.equal(leastMs(name, 0), 0);
  }
});

Deno.test("intervals are spread upwards, never downwards", () => {
  const most = new Pace({ random: () => 1, jitter: 0.1 });
  assert.equal(most.afterList("workspaces", 0, false), 33_000);
  assert.equal(new Pace({ random: () => 0 }).afterList("workspaces", 0, false), 30_000);
});

Deno.test("who does not answer is left alone for longer and longer, up to two intervals", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 50].map((failures) => even.afterFailure(failures)), [
    5_000,
    10_000,
    20_000,
    40_000,
    60_000,
    60_000,
  ]);
  const often = new Pace({ jitter: 0, pollMs: 1_000 });
  assert.deepEqual([1, 2, 3, 4, 5, 9].map((failures) => often.afterFailure(failures)), [
    1_000,
    2_000,
    4_000,
    8_000,
    10_000,
    10_000,
  ]);
});

Deno.test("who asks for silence gets it", () => {
  assert.equal(even.afterFailure(1, 90_000), 90_000);
});
