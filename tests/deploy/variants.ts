/** All that `deploy/` can be put together to, as the real `kubectl kustomize` renders it. */
import { join, relative } from "node:path";
import { parse, stringify } from "yaml";
import { runKubectl } from "../cluster/kubectl.ts";
import { ensureTools } from "../cluster/mod.ts";

export const DEPLOY = new URL("../../deploy", import.meta.url).pathname;

// deno-lint-ignore no-explicit-any
export type Manifest = any;

/** Folders of `deploy/` that are rendered together. */
export interface Variant {
  readonly name: string;
  /** From `deploy/`. */
  readonly resources: readonly string[];
  /** From `deploy/`, in order. */
  readonly components: readonly string[];
}

/** Mends, on the shape split, what other components grant; it is nothing by itself. */
const SPLIT_ACCOUNTS = "split-accounts";
/** Another component brings it along: the two together would add it twice. */
const PART_OF: Readonly<Record<string, string>> = { "audit-volume": "fluent-bit" };

/** Of sandbox sessions. */
const SESSIONS: readonly Variant[] = [
  { name: "coordinator", resources: ["coordinator"], components: [] },
  { name: "coordinator + optional", resources: ["coordinator"], components: ["coordinator/optional"] },
  {
    name: "coordinator + replicas + optional + size-large",
    resources: ["coordinator"],
    components: ["coordinator/replicas", "coordinator/optional", "components/size-large"],
  },
  { name: "workers", resources: ["coordinator/workers"], components: [] },
  {
    name: "workers + replicas",
    resources: ["coordinator/workers"],
    components: ["coordinator/replicas/workers"],
  },
];

/** Names of the folders below a folder of `deploy/`, in order. */
export async function foldersOf(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(DEPLOY, folder))) {
    if (isDirectory) names.push(name);
  }
  return names.sort();
}

/** Every overlay; each shape with each component, and with all that go together; everything of sessions. */
export async function allVariants(): Promise<Variant[]> {
  const overlays = (await foldersOf("overlays")).map((name): Variant => ({
    name,
    resources: [`overlays/${name}`],
    components: [],
  }));
  const components = (await foldersOf("components")).filter((name) => name !== SPLIT_ACCOUNTS);
  const together = components.filter((name) => name !== "size-medium" && PART_OF[name] === undefined);
  const added = ["all", "split"].flatMap((shape) =>
    [...components.map((name) => [name]), together].map((names): Variant => ({
      name: `${shape} + ${names.length === 1 ? names[0] : "everything"}`,
      resources: [`overlays/${shape}`],
      components: [...names, ...shape === "split" ? [SPLIT_ACCOUNTS] : []].map((one) => `components/${one}`),
    }))
  );
  return [...overlays, ...added, ...SESSIONS];
}

/** What the real Kustomize makes of it, CRDs aside: all shapes have the same, and reading them takes a second. */
export async function render({ resources, components }: Omit<Variant, "name">): Promise<Manifest[]> {
  // Outside of the work tree, where nobody else finds it. Kustomize takes relative paths alone.
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    const paths = (those: readonly string[]) => those.map((path) => relative(folder, join(DEPLOY, path)));
    await Deno.writeTextFile(
      join(folder, "kustomization.yaml"),
      stringify({ resources: paths(resources), components: paths(components) }),
    );
    return await kustomized(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What the real Kustomize makes of a folder, CRDs aside. */
export async function kustomized(folder: string): Promise<Manifest[]> {
  const { path } = await ensureTools();
  const { stdout } = await runKubectl(path.kubectl, ["kustomize", folder], {});
  const documents = stdout.split(/^---\n/m).filter((text) => !/^kind: CustomResourceDefinition$/m.test(text));
  return documents.map((text) => parse(text));
}

/** All variants with their objects. */
export async function renderedVariants(): Promise<{ variant: Variant; objects: Manifest[] }[]> {
  const variants = await allVariants();
  const rendered: Manifest[][] = [];
  const rest = variants.entries();
  const work = async () => {
    for (const [index, variant] of rest) rendered[index] = await render(variant);
  };
  await Promise.all([work(), work()]);
  return variants.map((variant, index) => ({ variant, objects: rendered[index]! }));
}

/** `Kind/name`, with the namespace before the name where there is one. */
export function nameOf({ kind, metadata }: Manifest): string {
  return metadata.namespace === undefined
    ? `${kind}/${metadata.name}`
    : `${kind}/${metadata.namespace}/${metadata.name}`;
}

/** The object's pod template, where it has one. */
export function templateOf({ kind, spec }: Manifest): Manifest | undefined {
  return ["Deployment", "StatefulSet", "DaemonSet", "Job"].includes(kind) ? spec.template : undefined;
}

/** All containers of a pod, sidecars included. */
export function containersOf({ initContainers = [], containers }: Manifest): Manifest[] {
  return [...initContainers, ...containers];
}

/** Whether a selector of labels chooses a pod. Plain equality is all that we use. */
export function chooses(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
) {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}
