import assert from "node:assert/strict";
import { Health } from "../../telemetry/health.ts";
import { readyAnswer } from "./ready.ts";

Deno.test("what is not ready is named, line by line", () => {
  const health = new Health();
  assert.deepEqual(readyAnswer(health), { ready: true, text: "ok" });
  const done = health.add("readiness", "caches", () => "not synced");
  health.add("readiness", "port", () => "not open");
  health.add("readiness", "good", () => "");
  assert.deepEqual(readyAnswer(health), { ready: false, text: "caches: not synced\nport: not open" });
  done();
  assert.equal(readyAnswer(health).text, "port: not open");
});
