import assert from "node:assert/strict";
import { registrationRun } from "./registration_run.ts";

Deno.test("whatever happens, there is one registration in the end, its token is good, and none was made for nothing", async () => {
  const total = { passes: 0, crashes: 0, failures: 0, regenerated: 0, registered: 0, requests: 0 };
  for (let seed = 1; seed <= 40; seed++) {
    const figures = await registrationRun(seed, 40);
    for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += figures[name];
  }
  // The run is worth something only where all of it happens.
  assert.ok(total.crashes > 100, JSON.stringify(total));
  assert.ok(total.failures > 100, JSON.stringify(total));
  assert.ok(total.regenerated > 50, JSON.stringify(total));
  assert.ok(total.registered > 80, JSON.stringify(total));
});
