/** What the chart renders, held against what `kubectl kustomize` renders of `deploy/`. */
import { join } from "node:path";
import { runKubectl } from "../cluster/kubectl.ts";
import { nameOf, objectsOf, type Rendered } from "./helm.ts";
import type { Variant } from "./variants.ts";

const DEPLOY = new URL("../../deploy", import.meta.url).pathname;

/** A difference that is meant: what it does to an object of the chart, or that one of the two has no such object. */
interface Explained {
  readonly why: string;
  readonly undo: (object: Rendered) => void;
}

/** Labels that the chart adds to every object. */
const CHART_LABELS = [
  ...["instance", "managed-by", "part-of", "version"].map((name) => `app.kubernetes.io/${name}`),
  "helm.sh/chart",
];

/** All differences of objects that both have. Each is undone, and what remains must be equal. */
const EXPLAINED: readonly Explained[] = [
  {
    why: "every object of a release has labels that say so",
    undo: ({ metadata }) => {
      for (const label of CHART_LABELS) delete metadata.labels[label];
      if (Object.keys(metadata.labels).length === 0) delete metadata.labels;
    },
  },
  {
    why: "CRDs stay when the release goes, and with them what people made",
    undo: ({ kind, metadata }) => {
      if (kind !== "CustomResourceDefinition") return;
      delete metadata.labels?.["app"];
      if (metadata.labels !== undefined && Object.keys(metadata.labels).length === 0) delete metadata.labels;
      removeKeep(metadata);
    },
  },
  {
    why: "records of calls, and namespaces that hold people's Secrets, stay when the release goes",
    undo: ({ kind, metadata }) =>
      kind === "PersistentVolumeClaim" || kind === "Namespace" ? removeKeep(metadata) : undefined,
  },
  {
    why: "Helm takes over the Go operator's APIService without taking away what the chart does not name",
    undo: ({ kind, spec }) => {
      if (kind === "APIService" && spec.insecureSkipTLSVerify === false) delete spec.insecureSkipTLSVerify;
    },
  },
  {
    why: "the type of the MCP server's Service is a value; the default is Kubernetes' own",
    undo: ({ kind, metadata, spec }) => {
      if (kind === "Service" && metadata.name === "coder-k8s" && spec.type === "ClusterIP") delete spec.type;
    },
  },
];

function removeKeep(metadata: Rendered): void {
  if (metadata.annotations?.["helm.sh/resource-policy"] === "keep") delete metadata.annotations;
}

/** Objects that a kustomization has and the chart has not, and why. */
export const NOT_IN_CHART: Readonly<Record<string, string>> = {
  "Namespace/coder-system": "the release's namespace is made, and labelled, by who installs it",
};

/** Objects by name, as they are to be compared. */
export type Comparable = Readonly<Record<string, unknown>>;

/** Of the chart: without the explained differences. */
export function comparableChart(objects: readonly Rendered[]): Comparable {
  return byName(objects.map((object) => {
    const own = structuredClone(object);
    for (const { undo } of EXPLAINED) undo(own);
    return own;
  }));
}

/** Of the manifests: without the objects that the chart does not have. */
export function comparableManifests(objects: readonly Rendered[]): Comparable {
  return byName(objects.filter((object) => NOT_IN_CHART[nameOf(object)] === undefined));
}

function byName(objects: readonly Rendered[]): Comparable {
  const named = objects.map((object) => [nameOf(object), withoutNothing(object)] as const);
  return Object.fromEntries(named.sort(([one], [other]) => one < other ? -1 : 1));
}

/** An empty key of YAML is null; to Kubernetes it is not there. */
function withoutNothing(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNothing);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(entries.map(([key, each]) => [key, withoutNothing(each)]));
}

/** kubectl refuses a kustomization of nothing. */
const ONE_CRD = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "nothing" },
};

/** Manifests without their CRDs, which take kubectl longer than all the rest; in a folder of its own. */
export class Manifests implements AsyncDisposable {
  private constructor(private readonly kubectl: string, private readonly dir: string) {}

  /** @param kubectl the program */
  static async open(kubectl: string): Promise<Manifests> {
    const dir = await Deno.makeTempDir({ prefix: "coder-k8s-helm-" });
    await copyTree(DEPLOY, join(dir, "deploy"));
    await Deno.mkdir(join(dir, "crd"));
    await Deno.writeTextFile(
      join(dir, "crd", "kustomization.yaml"),
      "kind: Kustomization\nresources: [crd.yaml]\n",
    );
    await Deno.writeTextFile(join(dir, "crd", "crd.yaml"), JSON.stringify(ONE_CRD));
    return new Manifests(kubectl, dir);
  }

  /** The objects of a kustomization of shape and components, by the real kubectl. */
  async render({ shape, components }: Pick<Variant, "shape" | "components">): Promise<Rendered[]> {
    const own = await Deno.makeTempDir({ dir: this.dir });
    const kustomization = {
      apiVersion: "kustomize.config.k8s.io/v1beta1",
      kind: "Kustomization",
      resources: [`../deploy/${shape}`],
      components: components.map((component) => `../deploy/${component}`),
    };
    await Deno.writeTextFile(join(own, "kustomization.yaml"), JSON.stringify(kustomization));
    return (await kustomized(this.kubectl, own)).filter(({ metadata }) =>
      metadata.name !== ONE_CRD.metadata.name
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** What `kubectl kustomize` makes of a folder. */
export async function kustomized(kubectl: string, folder: string): Promise<Rendered[]> {
  return objectsOf((await runKubectl(kubectl, ["kustomize", folder], {})).stdout);
}

async function copyTree(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyTree(join(from, name), join(to, name));
    else await Deno.copyFile(join(from, name), join(to, name));
  }
}
