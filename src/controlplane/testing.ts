/** Control planes for unit tests. */
import {
  type CoderControlPlane,
  CoderControlPlanes,
  type ControlPlane,
  parseControlPlane,
} from "../api/control_plane.ts";
import type { ObjectKey } from "../api/object.ts";
import type { Informer } from "../kube/informer.ts";
import type { PassState } from "./step.ts";

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

/** The parts of a pass that say what it is about. `informer` remembers nothing if it is left out. */
export function passKind(
  key: ObjectKey = { namespace: "a", name: "coder" },
  informer: Pick<Informer<CoderControlPlane>, "get" | "observe"> = {
    get: () => undefined,
    observe: () => {},
  },
): Pick<PassState, "kind" | "deploymentKey"> {
  return { kind: { type: CoderControlPlanes, informer, noun: "control plane" }, deploymentKey: key };
}
