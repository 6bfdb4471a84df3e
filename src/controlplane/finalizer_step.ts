/** Holds the control plane until what was made for it outside of its namespace has been removed. */
import { CoderControlPlanes } from "../api/control_plane.ts";
import { keyOf, type KubeObject } from "../api/object.ts";
import type { JsonPatchOperation } from "../kube/client.ts";
import { isNotFound, KubeApiError } from "../kube/errors.ts";
import { hasFinalizer, RBAC_FINALIZER } from "./finalizer.ts";
import type { Step } from "./step.ts";

const ATTEMPTS = 5;

/** Adds the finalizer where it is missing, and touches nothing else of the object. */
export const finalizerStep: Step = {
  name: "Finalizer",
  async run({ key, object, signal }, { client, kinds }) {
    const { uid } = object.metadata;
    const cached = kinds.controlPlanes.get(key);
    let live = cached !== undefined && cached.metadata.uid === uid ? cached : object;
    for (let attempt = 1; !hasFinalizer(live); attempt++) {
      try {
        kinds.controlPlanes.observe(
          await client.patch(CoderControlPlanes, key, { type: "json", body: addition(live) }, { signal }),
        );
        return;
      } catch (error) {
        if (isNotFound(error)) return;
        // Something about it changed under us: the test failed.
        if (!(error instanceof KubeApiError) || error.code !== 422 || attempt >= ATTEMPTS) throw error;
      }
      try {
        live = await client.get(CoderControlPlanes, keyOf(live), { signal });
      } catch (error) {
        if (isNotFound(error)) return;
        throw error;
      }
      // Another one of the name, or on its way out: the next pass is about that.
      if (live.metadata.uid !== uid || live.metadata.deletionTimestamp !== undefined) return;
    }
  },
};

/** Holds for exactly this version of the object. */
function addition({ metadata }: KubeObject): JsonPatchOperation[] {
  const test = (field: "uid" | "resourceVersion"): JsonPatchOperation => ({
    op: "test",
    path: `/metadata/${field}`,
    value: metadata[field],
  });
  const add: JsonPatchOperation = (metadata.finalizers ?? []).length === 0
    ? { op: "add", path: "/metadata/finalizers", value: [RBAC_FINALIZER] }
    : { op: "add", path: "/metadata/finalizers/-", value: RBAC_FINALIZER };
  return [test("uid"), test("resourceVersion"), add];
}
