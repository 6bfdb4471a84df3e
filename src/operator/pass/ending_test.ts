import assert from "node:assert/strict";
import type { Deployment } from "../../api/kubernetes/types.ts";
import { RUNNING, widget } from "../testing.ts";
import { endingSince, podsMayRunMs, timeLeftMs } from "./ending.ts";

const asked = widget({}, { deletionTimestamp: "2025-01-01T00:00:00Z" });
const terminating = (lastTransitionTime: string, status: "True" | "False" = "True") => ({
  ...asked,
  status: { conditions: [{ type: "Terminating", status, reason: "x", message: "", lastTransitionTime }] },
});
const deleted = terminating("2026-01-01T00:00:00Z");
const after = (seconds: number) => new Date(Date.parse("2026-01-01T00:00:00Z") + seconds * 1_000);

Deno.test("what is left of a limit counts from when the operator began, and is never below nothing", () => {
  assert.equal(timeLeftMs(deleted, 10_000, after(0)), 10_000);
  assert.equal(timeLeftMs(deleted, 10_000, after(4)), 6_000);
  assert.equal(timeLeftMs(deleted, 10_000, after(60)), 0);
});

Deno.test("an end that nobody has begun with has all its time, however long ago it was asked for", () => {
  const times = ["soon", "2027-01-01T00:00:00Z"].map((time) => terminating(time));
  for (const object of [asked, terminating("2026-01-01T00:00:00Z", "False"), ...times]) {
    assert.deepEqual(endingSince(object, after(60)), after(60));
    assert.equal(timeLeftMs(object, 10_000, after(60)), 10_000);
  }
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
