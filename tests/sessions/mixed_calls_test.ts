import assert from "node:assert/strict";
import { mixedCalls } from "./chaos/mixed.ts";

Deno.test("mixed calls on many sessions, and a worker that is killed half-way", async () => {
  const seed = Number(Deno.env.get("SESSIONS_SEED") ?? "1");
  const result = await mixedCalls({ seed, sessions: 12, calls: 400 });
  assert.deepEqual({ wrong: result.wrong, twice: result.twice }, { wrong: [], twice: [] });
  assert.ok(result.good > 200, JSON.stringify(result));
  // The half of the sessions that was on the killed worker.
  assert.ok(result.failed > 0, JSON.stringify(result));
});
