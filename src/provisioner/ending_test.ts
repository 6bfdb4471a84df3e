import assert from "node:assert/strict";
import type { Deployment } from "../api/kubernetes/types.ts";
import { finalizerMayStayMs, GIVE_UP_ANNOTATION, givesUp, podsMayRunMs } from "./ending.ts";
import { storedProvisioner } from "./testing.ts";

const now = new Date("2026-01-01T00:00:10Z");
const lastTransitionTime = "2026-01-01T00:00:00Z";
const deleted = (extra = {}, spec = {}) => ({
  ...storedProvisioner(spec, { deletionTimestamp: "2025-01-01T00:00:00Z", ...extra }),
  status: {
    conditions: [
      { type: "Terminating", status: "True" as const, reason: "PodsEnding", message: "", lastTransitionTime },
    ],
  },
});
const pods = (seconds?: number): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {},
  spec: {
    selector: {},
    template: { spec: { containers: [], ...(seconds && { terminationGracePeriodSeconds: seconds }) } },
  },
});

Deno.test("pods have their own grace period and some time more, from the first pass over the end on", () => {
  assert.equal(podsMayRunMs(deleted(), pods(100), now), 150_000);
  assert.equal(podsMayRunMs(deleted(), pods(), now), 650_000);
  assert.equal(podsMayRunMs(deleted(), pods(100), new Date("2026-01-01T01:00:00Z")), 0);
  assert.equal(podsMayRunMs(deleted(), undefined, now), 0, "they have ended");
});

Deno.test("nobody waits for pods once keys are given up", () => {
  const given = (value: string) => deleted({ annotations: { [GIVE_UP_ANNOTATION]: value } });
  assert.equal(podsMayRunMs(given("true"), pods(100), now), 0);
  assert.equal(podsMayRunMs(given("false"), pods(100), now), 150_000);
  assert.deepEqual([givesUp(given("true")), givesUp(given("yes")), givesUp(deleted())], [true, false, false]);
});

Deno.test("the finalizer stays as long as pods and keys may take, and not longer", () => {
  assert.equal(finalizerMayStayMs(deleted(), now), 1_310_000);
  assert.equal(finalizerMayStayMs(deleted({}, { terminationGracePeriodSeconds: 60 }), now), 770_000);
  const odd = deleted({}, { terminationGracePeriodSeconds: "long" });
  assert.equal(finalizerMayStayMs(odd, now), 1_310_000);
  assert.equal(finalizerMayStayMs(deleted(), new Date("2026-01-01T01:00:00Z")), 0);
});

Deno.test("before a deletion nothing has begun to pass", () => {
  assert.equal(podsMayRunMs(storedProvisioner(), pods(100), now), 160_000);
});
