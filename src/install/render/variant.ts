/** From what was asked for to the objects of it. */
import type { KubeObject } from "../../api/object.ts";
import { type Choice, chosen, kustomizationOf, OverlayError, SHAPES } from "./catalog.ts";
import { type ReadDocuments, renderKustomization } from "./kustomize.ts";
import { inOrder } from "./order.ts";
import { type ImageChange, withImages, withNamespaces, withReplicas } from "./rewrite.ts";

/** What was asked for. */
export interface VariantRequest {
  /** Names of shapes and components. @default {["all"]} */
  readonly overlays: readonly string[];
  readonly images: readonly ImageChange[];
  /** @default {that of the shape} */
  readonly namespace?: string | undefined;
  /** Where the coordinator of these workers is. @default {"coder-sessions"} */
  readonly coordinatorNamespace?: string | undefined;
  /** Where the workers of this coordinator are. @default {"coder-sandboxes"} */
  readonly workersNamespace?: string | undefined;
  /** @default {what the shape says} */
  readonly replicas?: number | undefined;
  /** CRDs alone, no CRDs, or both. @default {"both"} */
  readonly crds?: "only" | "without" | "both";
}

/** What is to be there. */
export interface Variant {
  readonly choice: Choice;
  readonly namespace: string;
  /** Of the other one of coordinator and workers. */
  readonly otherNamespace?: string;
  /** In the order in which they are made. */
  readonly objects: readonly KubeObject[];
}

/** The files that the binary carries, by path; see {@linkcode embeddedManifests}. */
export type ManifestFiles = Readonly<Record<string, string>>;

/** Loads them: half a megabyte, for those commands that install. */
export async function embeddedManifests(): Promise<ManifestFiles> {
  const [deploy, crds] = await Promise.all([
    import("../generated/deploy.ts"),
    import("../generated/crds.ts"),
  ]);
  return { ...deploy.FILES, ...crds.FILES };
}

/** @throws {OverlayError} for names, or numbers, that do not go together */
export function variantOf(files: ManifestFiles, request: VariantRequest): Variant {
  const choice = chosen(request.overlays, Object.keys(files));
  if (choice.shape === "coordinator" && (request.replicas ?? 1) > 1) {
    throw new OverlayError(
      "coordinator has one replica, as sessions are in its memory; several of them are coordinator/replicas",
    );
  }
  const { namespace = choice.namespace, replicas, images, crds = "both" } = request;
  const otherNamespace = otherNamespaceOf(choice, request);
  let objects = renderKustomization(reader(files), kustomizationOf(choice));
  const places = new Map([[choice.namespace, namespace]]);
  if (otherNamespace !== undefined) places.set(choice.other!.namespace, otherNamespace);
  objects = withNamespaces(objects, places);
  objects = withImages(objects, images);
  if (replicas !== undefined) objects = withReplicas(objects, replicas);
  const isCrd = ({ kind }: KubeObject) => kind === "CustomResourceDefinition";
  if (crds !== "both") objects = objects.filter((object) => isCrd(object) === (crds === "only"));
  const other = otherNamespace === undefined ? {} : { otherNamespace };
  return { choice, namespace, ...other, objects: inOrder(objects) };
}

/** @throws {OverlayError} */
function otherNamespaceOf(
  { shape, other }: Choice,
  { coordinatorNamespace, workersNamespace }: VariantRequest,
): string | undefined {
  const sides = { coordinator: coordinatorNamespace, workers: workersNamespace };
  for (const [side, said] of Object.entries(sides)) {
    if (said === undefined || other?.shape.split("/")[0] === side) continue;
    const fitting = Object.entries(SHAPES).filter(([, one]) => one.other?.shape.split("/")[0] === side);
    throw new OverlayError(
      `--${side}-namespace does not go with ${shape}, but with ${
        fitting.map(([name]) => name).join(" and ")
      }`,
    );
  }
  if (other === undefined) return undefined;
  return coordinatorNamespace ?? workersNamespace ?? other.namespace;
}

function reader(files: ManifestFiles): ReadDocuments {
  return (path) => Object.hasOwn(files, path) ? JSON.parse(files[path]!) as unknown[] : undefined;
}
