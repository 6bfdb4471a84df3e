import assert from "node:assert/strict";
import type { Deployment } from "../api/kubernetes/types.ts";
import { decideReplicas, REPLICAS_ANNOTATION } from "./replicas.ts";

function live(recorded?: string): Deployment {
  const annotations: Record<string, string> = recorded === undefined
    ? {}
    : { [REPLICAS_ANNOTATION]: recorded };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { annotations } };
}

Deno.test("who says how many pods there are", () => {
  const rows: [string, Deployment | undefined, boolean, boolean, number | undefined][] = [
    ["a new Deployment starts with the resource's number", undefined, false, false, 2],
    ["also under an autoscaler", undefined, false, true, 2],
    ["the resource rules where nobody else does", live("2"), false, false, 2],
    ["also after a change", live("1"), false, false, 2],
    ["an autoscaler rules while it is there", live("2"), false, true, undefined],
    ["also over a change of the resource", live("1"), true, true, undefined],
    ["a manual scale stays", live("2"), true, false, undefined],
    ["until the resource changes", live("1"), true, false, 2],
    ["a scale from before us stays", live(), true, false, undefined],
  ];
  for (const [row, deployment, scaled, autoscaled, expected] of rows) {
    assert.equal(
      decideReplicas({ wanted: 2, live: deployment, facts: { scaled }, autoscaled }),
      expected,
      row,
    );
  }
});
