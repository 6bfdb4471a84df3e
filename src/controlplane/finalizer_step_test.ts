import assert from "node:assert/strict";
import type { PatchBody } from "../kube/client.ts";
import { RBAC_FINALIZER } from "./finalizer.ts";
import { finalizerStep } from "./finalizer_step.ts";
import type { Pass, Tools } from "./step.ts";
import { passKind, storedControlPlane } from "./testing.ts";

/** The patches of one run of the step. */
async function run(object = storedControlPlane()): Promise<unknown[]> {
  const patches: unknown[] = [];
  const client = {
    patch: (_type: unknown, _key: unknown, { body }: PatchBody) => Promise.resolve(patches.push(body)),
  };
  const pass = { key: { namespace: "a", name: "coder" }, ...passKind(), object } as Pass;
  await finalizerStep.run(pass, { client } as unknown as Tools);
  return patches;
}

Deno.test("a control plane gets the Go operator's finalizer, and nothing else is written", async () => {
  assert.deepEqual(await run(), [[
    { op: "test", path: "/metadata/uid", value: "uid-1" },
    { op: "test", path: "/metadata/resourceVersion", value: "1" },
    { op: "add", path: "/metadata/finalizers", value: [RBAC_FINALIZER] },
  ]]);
  assert.deepEqual(await run(storedControlPlane({}, { finalizers: [RBAC_FINALIZER] })), []);
});
