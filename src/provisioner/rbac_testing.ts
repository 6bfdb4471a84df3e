/** Passes of the step of workspace RBAC, in a cluster in memory. For tests alone. */
import { type CoderProvisioner, CoderProvisioners, parseProvisioner } from "../api/provisioner.ts";
import { keyOf } from "../api/object.ts";
import type { RbacWorld } from "../operator/rbac/workspace_testing.ts";
import { findControlPlane } from "../operator/visit/control_plane_ref.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { KEY_FINALIZER } from "./ending.ts";
import type { Pass } from "./step.ts";
import { workspaceRbacStep } from "./steps/workspace_rbac_step.ts";
import { type SpecInput, storedProvisioner } from "./testing.ts";

/** `prov` in a namespace, of the control plane `a/coder`, held by its finalizer. */
export function heldProvisioner(spec: SpecInput = {}, namespace = "a"): CoderProvisioner {
  return storedProvisioner({ controlPlaneRef: { name: "coder", namespace: "a" }, ...spec }, {
    namespace,
    finalizers: [KEY_FINALIZER],
  });
}

/** One pass; what it reports. `more`: what other steps found out. */
export function rbacPass(world: RbacWorld, object: CoderProvisioner, more: Partial<Pass> = {}) {
  const provisioner = parseProvisioner(object);
  const { namespace = "", name = "" } = object.metadata;
  const informer = { get: () => object, observe: () => {} };
  return world.watch(() =>
    workspaceRbacStep.run({
      key: keyOf(object),
      kind: { type: CoderProvisioners, informer, noun: "provisioner" },
      object,
      provisioner,
      deploymentKey: { namespace, name: `provisioner-${name}` },
      log: silentLogger,
      ...world.passParts(),
      result: undefined,
      controlPlane: findControlPlane(
        provisioner.spec.controlPlaneRef,
        { namespace, name },
        // The informer of the world holds control planes alone.
        world.controlPlanes as Parameters<typeof findControlPlane>[2],
      ),
      ...more,
    }, world.tools())
  );
}
