import assert from "node:assert/strict";
import { shutdownTimes } from "./shutdown_times.ts";

const times = (source: string, shutdownDelay?: number, shutdownTimeout = 30_000) =>
  shutdownTimes({ config: { shutdownDelay, shutdownTimeout }, client: { connection: { source } } } as never);

Deno.test("in a cluster servers answer on for a while, and what is in hand gets the rest", () => {
  assert.deepEqual(times("in-cluster"), { shutdownDelayMs: 5_000, graceMs: 25_000 });
  assert.deepEqual(times("~/.kube/config"), { shutdownDelayMs: 0, graceMs: 30_000 });
  assert.deepEqual(times("in-cluster", 2_000, 2_500), { shutdownDelayMs: 2_000, graceMs: 1_000 });
});
