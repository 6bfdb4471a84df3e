/** What may differ between installations: namespace, images, numbers of replicas. Pure. */
import type { KubeObject } from "../../api/object.ts";

/** Images of the product; another one is named in full: `redis=registry.example.com/redis:7`. */
export const PRODUCT_IMAGE = "ghcr.io/coder/coder-k8s";

/** One image by another. */
export interface ImageChange {
  /** Without tag and digest. */
  readonly from: string;
  /** With them, where it shall have others. */
  readonly to: string;
}

/** `image`, for the product's, or `name=image`. Undefined for what is neither. */
export function imageChange(text: string): ImageChange | undefined {
  const [left = "", right] = text.split("=", 2);
  const change = right === undefined ? { from: PRODUCT_IMAGE, to: left } : { from: left, to: right };
  return isImage(change.from) && isImage(change.to) && !text.slice(left.length + 1).includes("=")
    ? change
    : undefined;
}

function isImage(text: string): boolean {
  return /^[a-z0-9]+(?:[._/:@-]+[A-Za-z0-9_]+)*$/.test(text) && text.length <= 512;
}

/** With the image of each container whose image is of that name; a new one without tag and digest keeps the old ones. */
export function withImages(objects: readonly KubeObject[], changes: readonly ImageChange[]): KubeObject[] {
  return objects.map((object) => {
    const spec = podSpecOf(object);
    if (spec === undefined || changes.length === 0) return object;
    const copy = structuredClone(object);
    for (const container of containersOf(podSpecOf(copy)!)) {
      const { name, rest } = parts(container.image);
      const change = changes.findLast(({ from }) => from === name);
      if (change === undefined) continue;
      container.image = parts(change.to).rest === "" ? change.to + rest : change.to;
    }
    return copy;
  });
}

/** Image names that there are, each once. */
export function imagesOf(objects: readonly KubeObject[]): string[] {
  const images = objects.flatMap((object) => containersOf(podSpecOf(object) ?? {}).map(({ image }) => image));
  return [...new Set(images)].sort();
}

/** `ghcr.io/coder/coder-k8s` and `:1.2.3@sha256:…`; a port is no tag. */
function parts(image: string): { name: string; rest: string } {
  const [, name = image, rest = ""] = /^(.+?)((?::[^:/@]+)?(?:@.+)?)$/.exec(image) ?? [];
  return { name, rest };
}

interface PodSpec {
  readonly containers?: { image: string }[];
  readonly initContainers?: { image: string }[];
}

function podSpecOf(object: KubeObject): PodSpec | undefined {
  return (object as { spec?: { template?: { spec?: PodSpec } } }).spec?.template?.spec;
}

function containersOf({ containers = [], initContainers = [] }: PodSpec): { image: string }[] {
  return [...containers, ...initContainers];
}

/** With so many pods in each Deployment of the product, or each set of workers. */
export function withReplicas(objects: readonly KubeObject[], replicas: number): KubeObject[] {
  return objects.map((object) => {
    const runsOurs = containersOf(podSpecOf(object) ?? {}).some(({ image }) =>
      parts(image).name.split("/").at(-1)?.startsWith("coder-k8s")
    );
    const hasReplicas = object.kind === "Deployment" || object.kind === "StatefulSet";
    if (!runsOurs || !hasReplicas) return object;
    const { spec } = object as { spec?: object };
    return { ...object, spec: { ...spec, replicas } } as KubeObject;
  });
}

/**
 * With other namespaces, wherever they are named: of objects, of accounts that rights are bound to, in addresses, in
 * certificates, in network policies. Where nothing else is called like them, each whole word that is their name means them.
 *
 * @param changes new names by the old ones
 */
export function withNamespaces(
  objects: readonly KubeObject[],
  changes: ReadonlyMap<string, string>,
): KubeObject[] {
  const words = [...changes].filter(([from, to]) => from !== to).map(([from]) => from);
  if (words.length === 0) return [...objects];
  const word = new RegExp(`(?<![\\w-])(?:${words.join("|")})(?![\\w-])`, "g");
  const replaced = (value: unknown): unknown => {
    if (typeof value === "string") return value.replace(word, (from) => changes.get(from)!);
    if (Array.isArray(value)) return value.map(replaced);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, replaced(below)]));
  };
  return objects.map((object) =>
    object.kind === "CustomResourceDefinition" ? object : replaced(object) as KubeObject
  );
}
