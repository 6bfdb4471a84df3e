/**
 * The rights of a provisioner's ServiceAccount: builds create what a template says, wherever the control plane lets
 * workspaces run. The limit is what the control plane's own ServiceAccount may have there, with one more consent where the
 * provisioner is of another namespace: whoever may create a provisioner, and with it pods that run whatever they like as any
 * ServiceAccount of that namespace, must not gain rights elsewhere that way.
 *
 * - In the control plane's namespace, pods of a provisioner could run as the control plane's ServiceAccount as well. So what
 *   other namespaces allow the control plane, they allow its provisioners.
 * - A provisioner of another namespace needs the control plane's consent to be its provisioner at all. Then each namespace
 *   must let in both, the control plane and the provisioner. The control plane's own namespace is no exception; that of the
 *   provisioner has to let in the control plane alone.
 *
 * Where the control plane shall not run workspaces itself (`workspacePerms: false`), its neighbours may run them in their own
 * namespace, as with the Go operator and with Coder's Helm charts: that is what they are for.
 *
 * A consent that is taken back takes the rights back: no earlier operator granted any to provisioners that needed one.
 */
import type { CoderProvisioner } from "../api/provisioner.ts";
import { keyText, type ObjectKey } from "../api/object.ts";
import type { Trouble } from "../operator/pass/report.ts";
import type { RbacOwner } from "../operator/rbac/managed_rbac.ts";
import { type WantedRule, wantedRules } from "../operator/rbac/wanted_rules.ts";
import {
  type NamespaceFacts,
  otherNamespaces,
  placeOf,
  type WorkspacePlace,
} from "../operator/rbac/workspace_namespaces.ts";
import { type LiveRights, rulesInForce } from "../operator/rbac/workspace_rights.ts";
import type { RuledPlace } from "../operator/rbac/workspace_rbac.ts";
import type { ControlPlaneFinding } from "../operator/visit/control_plane_ref.ts";
import type { Asker } from "../workload/consent.ts";
import { BY_GRANTEE_UID } from "../workload/kinds.ts";
import { PROVISIONER_LABEL, PROVISIONER_NAMESPACE_LABEL, standardLabels } from "../workload/labels.ts";
import {
  instanceLabel,
  provisionerBindingName,
  provisionerName,
  provisionerRoleName,
  provisionerServiceAccountName,
} from "../workload/names.ts";

/**
 * Whose RBAC it is. Reads what is needed from an object that may be invalid otherwise: it may be going away. All of its
 * ServiceAccounts have one Role in a namespace, and a binding each: pods that are ending run as an earlier one, under the
 * rules of today.
 */
export function rbacOwner(object: CoderProvisioner): RbacOwner {
  const { namespace = "", name = "", uid = "" } = object.metadata;
  const usual = provisionerServiceAccountName(name);
  const given: unknown = object.spec?.serviceAccount?.name;
  const marks = { [PROVISIONER_LABEL]: instanceLabel(name), [PROVISIONER_NAMESPACE_LABEL]: namespace };
  return {
    object,
    namespace,
    uid,
    serviceAccount: typeof given === "string" && given !== "" ? given : usual,
    labels: { ...standardLabels("coder-provisioner", name), ...marks },
    marks,
    index: { name: BY_GRANTEE_UID, value: uid },
    names(place, account) {
      const isOwn = place === namespace;
      // The Go operator's names in the own namespace.
      return {
        roleName: isOwn ? provisionerName(name) : provisionerRoleName(namespace, name),
        bindingName: isOwn && account === usual
          ? provisionerName(name)
          : provisionerBindingName(namespace, name, account),
      };
    },
  };
}

/** What is known of the world. */
export interface RightsFacts extends NamespaceFacts {
  /** A control plane of the name that the spec has exists, whether or not it may be used. */
  readonly controlPlaneExists: boolean;
  /** What the provisioner has now. */
  readonly live: LiveRights;
}

/** Which rules, and where; or why none. */
export type ProvisionerRights = Wanted | { readonly disabled: Trouble };

interface Wanted {
  readonly rules: readonly WantedRule[];
  readonly places: readonly RuledPlace[];
  /** Nobody knows now what is wanted, and why; what there is stays. */
  readonly unknown?: Trouble;
}

/** What the provisioner is to be granted. */
export function provisionerRights(
  owner: RbacOwner,
  finding: ControlPlaneFinding,
  facts: RightsFacts,
): ProvisionerRights {
  if (!finding.found) {
    const { reason, message } = finding;
    // It says who may use it, and this one may not (any more).
    return reason === "ControlPlaneNotShared" && facts.controlPlaneExists
      ? { disabled: { reason, message } }
      : { ...whatThereIs(owner, facts.live), unknown: { reason, message } };
  }
  const { key, controlPlane: { spec: { rbac } } } = finding;
  const what = `CoderControlPlane ${keyText(key)}`;
  const isNeighbour = owner.namespace === key.namespace;
  if (!rbac.workspacePerms && isNeighbour) {
    return {
      rules: wantedRules({ enableDeployments: false, extraRules: [] }, () => ""),
      places: [{ namespace: owner.namespace, right: "grant" }],
    };
  }
  if (!rbac.workspacePerms) {
    const message = `spec.rbac.workspacePerms of ${what} is false: provisioners are granted no rights`;
    return { disabled: { reason: "Disabled", message } };
  }
  const asker = { namespace: owner.namespace, name: owner.object.metadata.name ?? "" };
  return {
    // The control plane's status says which of its rules are refused.
    rules: wantedRules(rbac, (i) => `spec.rbac.extraRules[${i}] of ${what}`)
      .filter(({ refusal }) => refusal === undefined),
    places: placesFor(asker, key, rbac.workspaceNamespaces, facts),
  };
}

/** Where the control plane may have rights, and whether the provisioner may have them there, too. */
function placesFor(
  asker: Asker,
  controlPlane: ObjectKey,
  workspaceNamespaces: readonly string[],
  facts: NamespaceFacts,
): WorkspacePlace[] {
  const isNeighbour = asker.namespace === controlPlane.namespace;
  const home: WorkspacePlace = isNeighbour
    ? { namespace: controlPlane.namespace, right: "grant" }
    : placeOf(controlPlane.namespace, asker, facts);
  const others = otherNamespaces({ ...controlPlane, workspaceNamespaces }).map((namespace) => {
    const place = placeOf(namespace, controlPlane, facts);
    const needsMore = place.right === "grant" && !isNeighbour && namespace !== asker.namespace;
    return needsMore ? placeOf(namespace, asker, facts) : place;
  });
  return [home, ...others].map((place) => place.right === "keep" ? { ...place, right: "deny" } : place);
}

/** In every namespace the rules that are in force, and no others: for another ServiceAccount, if the spec names one now. */
function whatThereIs(owner: RbacOwner, live: LiveRights): Wanted {
  const namespaces = [...new Set(live.bindings.map(({ metadata: { namespace = "" } }) => namespace))];
  const places = namespaces.map((namespace): RuledPlace => ({
    namespace,
    right: "keep",
    rules: rulesInForce(live, owner, namespace)
      .map((rule) => ({ rule, where: "the rules that it had", refusal: undefined })),
  }));
  return { rules: [], places };
}
