/** What an installation may consist of, whoever has made it and however far it got. */
import {
  type Family,
  familyOf,
  gone,
  type Inventory,
  inventoryReference,
  union,
} from "../apply/inventory.ts";
import type { Reference } from "../apply/objects.ts";
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

/** What may be there, CRDs and namespaces apart. */
export interface Candidates {
  /** What the names of all shapes and components of the family stand for. */
  readonly named: readonly Reference[];
  /** What the inventory has beside these: by a version that called it so, or by whoever may write the inventory. */
  readonly listed: readonly Reference[];
}

export function candidates(
  files: ManifestFiles,
  family: Family,
  namespace: string,
  inventory: Inventory | undefined,
): Candidates {
  const rendered = Object.keys(SHAPES).filter((shape) => familyOf(shape) === family).flatMap((shape) => [
    ...objectsOf(files, [shape], namespace),
    ...componentNames(Object.keys(files)).filter((name) => SHAPES[shape]!.takes(name))
      .flatMap((component) => objectsOf(files, [shape, component], namespace)),
  ]);
  const own = OWN[family].map(({ name, ...type }) => ({ ...type, metadata: { name, namespace } }));
  const isMeant = ({ kind }: Reference) => kind !== "CustomResourceDefinition" && kind !== "Namespace";
  const named = union(rendered, own, [inventoryReference(family, namespace)]).filter(isMeant);
  const listed = gone(inventory?.objects ?? [], named).filter(isMeant);
  return { named, listed };
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
