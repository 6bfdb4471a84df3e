/** Control planes for unit tests. */
import { type CoderControlPlane, type ControlPlane, parseControlPlane } from "../api/control_plane.ts";

/** As the API server would have it, in namespace `a` with name `coder`. */
export function storedControlPlane(
  spec: CoderControlPlane["spec"] = {},
  extra: Partial<CoderControlPlane["metadata"]> = {},
): CoderControlPlane {
  return {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { name: "coder", namespace: "a", uid: "uid-1", generation: 1, resourceVersion: "1", ...extra },
    spec,
  };
}

/** The same with defaults. */
export function controlPlane(
  spec: CoderControlPlane["spec"] = {},
  extra: Partial<CoderControlPlane["metadata"]> = {},
): ControlPlane {
  return parseControlPlane(storedControlPlane(spec, extra));
}
