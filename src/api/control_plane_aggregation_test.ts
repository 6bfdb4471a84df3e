import assert from "node:assert/strict";
import { parseControlPlane } from "./control_plane.ts";
import { NAMINGS } from "./control_plane_aggregation.ts";

const controlPlane = (spec: unknown) => parseControlPlane({ metadata: { name: "coder" }, spec });

Deno.test("a control plane may say how its workspaces are named", () => {
  for (const naming of ["", ...NAMINGS]) {
    assert.equal(controlPlane({ aggregation: { naming } }).spec.aggregation?.naming, naming);
  }
});

Deno.test("a control plane need not say how its workspaces are named", () => {
  assert.equal(controlPlane({}).spec.aggregation, undefined);
  assert.deepEqual(controlPlane({ aggregation: {} }).spec.aggregation, {});
});
