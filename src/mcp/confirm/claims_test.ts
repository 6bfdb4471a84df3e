import assert from "node:assert/strict";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { MemoryClaims } from "./claims.ts";

Deno.test("a plan is claimed once", async () => {
  const claims = new MemoryClaims();
  assert.deepEqual([await claims.claim("a", 1), await claims.claim("a", 1), await claims.claim("b", 1)], [
    true,
    false,
    true,
  ]);
});

Deno.test("what is over is forgotten, so that memory does not grow", async () => {
  const clock = new FakeClock();
  const claims = new MemoryClaims({ clock, now: () => clock.now() });
  const end = new AbortController();
  const running = claims.run(end.signal);
  for (let index = 0; index < 100; index++) await claims.claim(`${index}`, index < 50 ? 30_000 : 90_000);
  await clock.advance(60_000);
  assert.equal(claims.size, 50);
  await clock.advance(60_000);
  assert.equal(claims.size, 0);
  end.abort();
  await running;
});
