/** What an installation may consist of, whoever has made it and however far it got. */
import type { KubeObject } from "../../api/object.ts";
import { type Family, familyOf, type Inventory, inventoryReference, union } from "../apply/inventory.ts";
import { MANAGED_BY, MANAGER_LABEL, type Reference } from "../apply/objects.ts";
import { componentNames, OverlayError, SHAPES } from "../render/catalog.ts";
import { RenderError } from "../render/kustomize.ts";
import { type ManifestFiles, variantOf } from "../render/variant.ts";

/** Made by the product itself, beside what was installed. */
const OWN: Readonly<Record<Family, readonly { apiVersion: string; kind: string; name: string }[]>> = {
  product: [
    { apiVersion: "v1", kind: "Secret", name: "coder-k8s-apiserver-tls" },
    // By cert-manager, for the component.
    ...["coder-k8s-ca", "coder-k8s-apiserver-cert", "coder-k8s-mcp-cert"].map((name) => ({
      apiVersion: "v1",
      kind: "Secret",
      name,
    })),
    { apiVersion: "coordination.k8s.io/v1", kind: "Lease", name: "coder-k8s-controller.coder.com" },
  ],
  coordinator: [],
  workers: [],
};

/** What the names of all shapes and components of the family stand for, CRDs and namespaces apart. */
export function candidates(
  files: ManifestFiles,
  family: Family,
  namespace: string,
  inventory: Inventory | undefined,
): Reference[] {
  const rendered = Object.keys(SHAPES).filter((shape) => familyOf(shape) === family).flatMap((shape) => [
    ...objectsOf(files, [shape], namespace),
    ...componentNames(Object.keys(files)).filter((name) => SHAPES[shape]!.takes(name))
      .flatMap((component) => objectsOf(files, [shape, component], namespace)),
  ]);
  const own = OWN[family].map(({ name, ...type }) => ({ ...type, metadata: { name, namespace } }));
  return union(inventory?.objects ?? [], rendered, own, [inventoryReference(family, namespace)])
    .filter(({ kind }) => kind !== "CustomResourceDefinition" && kind !== "Namespace");
}

function objectsOf(
  files: ManifestFiles,
  overlays: readonly string[],
  namespace: string,
): readonly Reference[] {
  try {
    return variantOf(files, { overlays, images: [], namespace, crds: "without" }).objects;
  } catch (error) {
    if (error instanceof OverlayError || error instanceof RenderError) return [];
    throw error;
  }
}

/** Its names are ours; one of them other programs use, too. */
const SHARED_NAME = "manager-role";

/**
 * Whether what is there under such a name came with an installation: by the label, by the name, or by what it says. Of
 * others there may be some: `manager-role` is what many operators call theirs.
 */
export function isOurs(live: KubeObject): boolean {
  const { name = "", labels = {} } = live.metadata;
  if (labels[MANAGED_BY] === MANAGER_LABEL || labels["app.kubernetes.io/name"] === "coder-k8s") return true;
  if (name === SHARED_NAME) return JSON.stringify(live).includes('"coder.com"');
  return true;
}
