import assert from "node:assert/strict";
import type { Deployment } from "../../api/kubernetes/types.ts";
import { RUNNING, widget } from "../testing.ts";
import { podsMayRunMs, timeLeftMs } from "./ending.ts";

const deleted = widget({}, { deletionTimestamp: "2026-01-01T00:00:00Z" });
const after = (seconds: number) => new Date(Date.parse("2026-01-01T00:00:00Z") + seconds * 1_000);

Deno.test("what is left of a limit counts from the deletion, and never below nothing", () => {
  assert.equal(timeLeftMs(deleted, 10_000, after(0)), 10_000);
  assert.equal(timeLeftMs(deleted, 10_000, after(4)), 6_000);
  assert.equal(timeLeftMs(deleted, 10_000, after(60)), 0);
  assert.equal(timeLeftMs(widget(), 10_000, after(60)), 10_000, "it does not say since when");
});

Deno.test("pods have their grace period, and the cluster a minute to end them", () => {
  const pods = (terminationGracePeriodSeconds?: number): Deployment => ({
    ...RUNNING,
    spec: {
      selector: {},
      template: {
        spec: {
          containers: [],
          ...(terminationGracePeriodSeconds !== undefined && { terminationGracePeriodSeconds }),
        },
      },
    },
  });
  assert.equal(podsMayRunMs(deleted, pods(5), 30, after(0)), 65_000);
  assert.equal(podsMayRunMs(deleted, pods(), 30, after(0)), 90_000);
  assert.equal(podsMayRunMs(deleted, pods(5), 30, after(60)), 5_000);
  assert.equal(podsMayRunMs(deleted, pods(5), 30, after(66)), 0);
  assert.equal(podsMayRunMs(deleted, undefined, 30, after(0)), 0, "they have ended");
});
