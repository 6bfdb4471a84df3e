/** Provisioners for unit tests. For tests alone. */
import { type CoderProvisioner, parseProvisioner, type Provisioner } from "../api/provisioner.ts";

/** What a spec may say beside the control plane. */
export type SpecInput = Partial<NonNullable<CoderProvisioner["spec"]>>;

/** As the API server would have it, in namespace `a` with name `prov`, for the control plane `coder`. */
export function storedProvisioner(
  spec: SpecInput = {},
  extra: Partial<CoderProvisioner["metadata"]> = {},
): CoderProvisioner {
  return {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderProvisioner",
    metadata: { name: "prov", namespace: "a", uid: "uid-1", generation: 1, resourceVersion: "1", ...extra },
    spec: { controlPlaneRef: { name: "coder" }, ...spec },
  };
}

/** The same with defaults. */
export function provisioner(
  spec: SpecInput = {},
  extra: Partial<CoderProvisioner["metadata"]> = {},
): Provisioner {
  return parseProvisioner(storedProvisioner(spec, extra));
}

/** The standard labels of that provisioner. */
export const LABELS = {
  "app.kubernetes.io/name": "coder-provisioner",
  "app.kubernetes.io/instance": "prov",
  "app.kubernetes.io/managed-by": "coder-k8s",
};
