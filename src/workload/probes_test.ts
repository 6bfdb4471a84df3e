import assert from "node:assert/strict";
import { healthProbe } from "./probes.ts";

const handler = { path: "/healthz", port: "http", scheme: "HTTP" };
const times = { periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 };

Deno.test("a probe that is on by default has the default times", () => {
  const expected = { httpGet: handler, ...times };
  assert.deepEqual(healthProbe(undefined, true), expected);
  assert.deepEqual(healthProbe({}, true), expected, "an empty object says nothing");
  assert.deepEqual(
    healthProbe({ enabled: true, initialDelaySeconds: 0 }, false),
    expected,
    "no zero is sent",
  );
});

Deno.test("a probe can be switched off, and is off where that is the default", () => {
  assert.equal(healthProbe({ enabled: false }, true), undefined);
  assert.equal(healthProbe({}, false), undefined);
  assert.equal(healthProbe(undefined, false), undefined);
});

Deno.test("every time of a probe can be set", () => {
  const given = {
    initialDelaySeconds: 5,
    periodSeconds: 6,
    timeoutSeconds: 7,
    successThreshold: 8,
    failureThreshold: 9,
  };
  assert.deepEqual(healthProbe({ enabled: true, ...given }, false), { httpGet: handler, ...given });
});
