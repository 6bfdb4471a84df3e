import { deepEqual, equal } from "node:assert/strict";
import { isReady, spread } from "./ready.ts";

function object({ generation = 2, observed = 2, of = 2, ready = "True" }) {
  return {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderProvisioner",
    metadata: { name: "p", generation },
    status: {
      observedGeneration: observed,
      conditions: [
        { type: "Degraded", status: "False", reason: "", message: "", lastTransitionTime: "" },
        {
          type: "Ready",
          status: ready,
          reason: "",
          message: "",
          lastTransitionTime: "",
          observedGeneration: of,
        },
      ],
    },
  };
}

Deno.test("an object is ready when Ready is true of its present spec", () => {
  equal(isReady(object({})), true);
  equal(isReady(object({ ready: "False" })), false);
  equal(isReady(object({ ready: "Unknown" })), false);
});

Deno.test("what was said of an earlier spec does not count", () => {
  equal(isReady(object({ generation: 3 })), false);
  equal(isReady(object({ generation: 3, observed: 3 })), false);
  equal(isReady(object({ generation: 3, observed: 3, of: 3 })), true);
});

Deno.test("an object that nobody has looked at yet is not ready", () => {
  const { status: _, ...fresh } = object({});
  equal(isReady(fresh), false);
  equal(isReady({ ...fresh, metadata: {}, status: {} }), false);
});

Deno.test("a spread has the value in the middle and the highest one", () => {
  deepEqual(spread([3, 1, 2]), { median: 2, most: 3 });
  deepEqual(spread([4, 1, 2, 3]), { median: 2, most: 4 });
  deepEqual(spread([7]), { median: 7, most: 7 });
  deepEqual(spread([]), { median: 0, most: 0 });
});
