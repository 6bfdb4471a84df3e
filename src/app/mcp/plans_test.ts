import assert from "node:assert/strict";
import { silentLogger } from "../../telemetry/logger.ts";
import { noMetrics } from "../../telemetry/metrics.ts";
import { ownSecrets } from "./plans.ts";

Deno.test("a process of its own has keys and plans of its own, at once", async () => {
  const core = { log: silentLogger, metrics: noMetrics };
  const [one, two] = [ownSecrets(core), ownSecrets(core)];
  await one.whenReady(AbortSignal.timeout(60_000));
  const end = new AbortController();
  const running = one.runnables.map(({ run }) => run(end.signal));
  const { planToken } = await one.plans.issue({ hash: "a" });
  await assert.rejects(two.plans.redeem(planToken, { hash: "a" }), /none that this server has given/);
  await one.plans.redeem(planToken, { hash: "a" });
  await assert.rejects(one.plans.redeem(planToken, { hash: "a" }), /used already/);
  assert.equal(one.keys().current.length, 32);
  end.abort();
  await Promise.all(running);
});
