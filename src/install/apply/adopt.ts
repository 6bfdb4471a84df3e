/**
 * Taking an installation over that somebody else has applied: `kubectl apply` in either of its ways, or, where that is
 * asked for, Helm. What they set becomes ours before we apply, so that what we do not set goes: server-side apply takes
 * away only fields that were the applier's own.
 */
import type { ManagedFieldsEntry } from "../../api/kubernetes/types.ts";
import type { KubeObject } from "../../api/object.ts";
import {
  emptyFieldSet,
  isEmptyFieldSet,
  parseFields,
  serializeFields,
  unionFields,
} from "../../kube/apply/field_set.ts";
import type { JsonPatchOperation } from "../../kube/client.ts";
import { INSTALL_MANAGER } from "./objects.ts";

/** What applies whole manifests. Who changes single fields (`kubectl edit`, `scale`, `patch`) has meant them, and keeps them. */
const APPLIERS: readonly { manager: string; operation: "Apply" | "Update" }[] = [
  { manager: "kubectl-client-side-apply", operation: "Update" },
  { manager: "kubectl-create", operation: "Update" },
  { manager: "kubectl-replace", operation: "Update" },
  { manager: "kubectl", operation: "Apply" },
];
const GIVEN_UP = ["helm", "Helm", "argocd-controller", "kustomize-controller", "helm-controller"];

/** Somebody whose fields these are, or an applier that we follow. */
export interface Adoption {
  readonly patch: JsonPatchOperation[];
  readonly from: readonly string[];
}

/** Undefined where nobody is to be followed. @param takesOwnership from Helm and GitOps tools, too */
export function planAdoption(live: KubeObject, takesOwnership: boolean): Adoption | undefined {
  const entries = live.metadata.managedFields ?? [];
  const main = entries.filter(({ subresource }) => !subresource);
  const own = main.find(({ manager, operation }) => manager === INSTALL_MANAGER && operation === "Apply");
  const moved = main.filter((entry) =>
    isApplier(entry) || (takesOwnership && GIVEN_UP.includes(entry.manager ?? ""))
  );
  const [first] = moved;
  if (first === undefined) return undefined;
  const fields = unionFields(emptyFieldSet, ...[own, ...moved].map((entry) => parseFields(entry?.fieldsV1)));
  const kept = entries.filter((entry) => entry !== own && !moved.includes(entry));
  const { apiVersion, time } = own ?? first;
  const adopted: ManagedFieldsEntry = {
    manager: INSTALL_MANAGER,
    operation: "Apply",
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(time === undefined ? {} : { time }),
    fieldsType: "FieldsV1",
    fieldsV1: serializeFields(fields),
  };
  return {
    patch: [
      { op: "test", path: "/metadata/resourceVersion", value: live.metadata.resourceVersion },
      {
        op: "replace",
        path: "/metadata/managedFields",
        value: isEmptyFieldSet(fields) ? kept : [...kept, adopted],
      },
    ],
    from: [...new Set(moved.map(({ manager }) => manager ?? "somebody"))],
  };
}

function isApplier({ manager, operation }: ManagedFieldsEntry): boolean {
  return APPLIERS.some((one) => one.manager === manager && one.operation === operation);
}

/** Who keeps the object as it is, and would set it back: undefined where nobody says so. */
export function keeperOf({ metadata: { labels = {}, annotations = {} } }: KubeObject): string | undefined {
  const release = annotations["meta.helm.sh/release-name"];
  if (labels["app.kubernetes.io/managed-by"] === "Helm" || release !== undefined) {
    return `the Helm release ${annotations["meta.helm.sh/release-namespace"] ?? ""}/${
      release ?? "of its namespace"
    }`;
  }
  const tracking = annotations["argocd.argoproj.io/tracking-id"] ?? labels["argocd.argoproj.io/instance"];
  if (tracking !== undefined) return `Argo CD's application ${tracking.split(":")[0]}`;
  const flux = labels["kustomize.toolkit.fluxcd.io/name"] ?? labels["helm.toolkit.fluxcd.io/name"];
  return flux === undefined ? undefined : `Flux's ${flux}`;
}
