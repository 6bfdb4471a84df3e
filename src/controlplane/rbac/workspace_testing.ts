/** The cluster in memory for the tests of workspace RBAC, with a control plane `coder` in namespace `a`. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type { PolicyRule, Role } from "../../api/kubernetes/types.ts";
import { RbacWorld as World } from "../../operator/rbac/workspace_testing.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { RBAC_FINALIZER } from "../finalizer.ts";
import type { Pass, Step, Tools } from "../step.ts";
import { controlPlane, passKind, storedControlPlane } from "../testing.ts";
import { type ControlPlaneRbacOwner, rbacOwner } from "./owner.ts";

export { refused } from "../../operator/rbac/workspace_testing.ts";

type Spec = Parameters<typeof storedControlPlane>[0];

/** See the file's head. */
export class RbacWorld extends World {
  owner(spec: Spec = {}): ControlPlaneRbacOwner {
    return rbacOwner(storedControlPlane(spec));
  }

  /** Puts a finished grant into a namespace; `change` is made to both objects. */
  grant(namespace: string, rules: PolicyRule[], change: { metadata?: Role["metadata"]; spec?: Spec } = {}) {
    return this.grantTo(this.owner(change.spec), namespace, rules, change.metadata);
  }

  /** Rules that are bound in a namespace; undefined where none are. */
  rules(namespace: string, owner = this.owner()): PolicyRule[] | undefined {
    return this.rulesOf(owner, namespace);
  }

  /** One pass of a step; what it reports. */
  run(step: Step, spec: Spec = {}) {
    return this.watch(() => step.run(this.pass(spec), this.tools<Tools>()));
  }

  pass(spec: Spec, finalizers = [RBAC_FINALIZER]): Pass {
    const object = storedControlPlane(spec, { finalizers });
    this.controlPlanes.put(object);
    return {
      key: { namespace: "a", name: "coder" },
      object,
      controlPlane: controlPlane(spec) satisfies ControlPlane,
      log: silentLogger,
      ...this.passParts(),
      ...passKind(undefined, this.controlPlanes),
      visit: undefined,
    };
  }
}
