/** From what was asked for to the objects of it. */
import type { KubeObject } from "../../api/object.ts";
import { type Choice, chosen, kustomizationOf, OverlayError } from "./catalog.ts";
import { type ReadDocuments, renderKustomization } from "./kustomize.ts";
import { inOrder } from "./order.ts";
import { type ImageChange, withImages, withNamespace, withReplicas } from "./rewrite.ts";

/** What was asked for. */
export interface VariantRequest {
  /** Names of shapes and components. @default {["all"]} */
  readonly overlays: readonly string[];
  readonly images: readonly ImageChange[];
  /** @default {that of the shape} */
  readonly namespace?: string | undefined;
  /** @default {what the shape says} */
  readonly replicas?: number | undefined;
  /** CRDs alone, no CRDs, or both. @default {"both"} */
  readonly crds?: "only" | "without" | "both";
}

/** What is to be there. */
export interface Variant {
  readonly choice: Choice;
  readonly namespace: string;
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
  let objects = renderKustomization(reader(files), kustomizationOf(choice));
  objects = withNamespace(objects, choice.namespace, namespace);
  objects = withImages(objects, images);
  if (replicas !== undefined) objects = withReplicas(objects, replicas);
  const isCrd = ({ kind }: KubeObject) => kind === "CustomResourceDefinition";
  if (crds !== "both") objects = objects.filter((object) => isCrd(object) === (crds === "only"));
  return { choice, namespace, objects: inOrder(objects) };
}

function reader(files: ManifestFiles): ReadDocuments {
  return (path) => Object.hasOwn(files, path) ? JSON.parse(files[path]!) as unknown[] : undefined;
}
