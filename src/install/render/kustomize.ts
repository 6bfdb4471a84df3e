/**
 * Renders kustomizations as `kubectl kustomize` does, as far as those in `deploy/` go: `resources`, `components`, and
 * `patches` as JSON 6902 with a target. Anything else is refused, not passed over. A test holds it equal to the real one.
 */
import { isJsonObject, type Json, type JsonObject } from "../../aggregated/writing/decode/json_value.ts";
import { applyJsonPatch } from "../../aggregated/writing/patch/json_patch.ts";
import type { KubeObject } from "../../api/object.ts";
import { labelMatcher } from "../../kube/cache/label_selector.ts";

/** The documents of a file by its path from the root; undefined where there is no such file. */
export type ReadDocuments = (path: string) => readonly unknown[] | undefined;

/** What is in a `kustomization.yaml`, as far as we know it. */
export interface Kustomization {
  readonly resources?: readonly string[];
  readonly components?: readonly string[];
  readonly patches?: readonly KustomizePatch[];
}

export interface KustomizePatch {
  readonly path?: string;
  readonly patch?: string;
  readonly target: PatchTarget;
}

/** `kind`, `name` and `namespace` are regular expressions of the whole. */
export interface PatchTarget {
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly labelSelector?: string;
}

/** A kustomization that cannot be rendered. The message names the file and what is wrong with it. */
export class RenderError extends Error {
  override readonly name = "RenderError";
}

const KEYS = ["apiVersion", "kind", "resources", "components", "patches", "metadata"];
const TARGET_KEYS = ["group", "version", "kind", "name", "namespace", "labelSelector"];

/** @param folder of the kustomization, from the root, without a slash at its end @throws {RenderError} */
export function renderFolder(read: ReadDocuments, folder: string): KubeObject[] {
  return new Rendering(read).folder(folder, []);
}

/** A kustomization that is in no file; its paths are from the root. @throws {RenderError} */
export function renderKustomization(read: ReadDocuments, kustomization: Kustomization): KubeObject[] {
  return new Rendering(read).whole(".", kustomization, []);
}

class Rendering {
  /** Folders that are being rendered. */
  readonly #open: string[] = [];

  constructor(private readonly read: ReadDocuments) {}

  /** What the folder makes of `objects`: a kustomization adds to them, a component changes them, too. */
  folder(folder: string, objects: readonly KubeObject[]): KubeObject[] {
    if (this.#open.includes(folder)) throw new RenderError(`${folder} contains itself`);
    const path = join(folder, "kustomization.yaml");
    const [document] = this.read(path) ?? [];
    if (document === undefined) throw new RenderError(`${path} is not there`);
    this.#open.push(folder);
    const rendered = this.whole(folder, checked(path, document), objects);
    this.#open.pop();
    return rendered;
  }

  whole(
    folder: string,
    { resources = [], components = [], patches = [] }: Kustomization,
    before: readonly KubeObject[],
  ): KubeObject[] {
    let objects = [...before];
    for (const resource of resources) {
      const path = join(folder, resource);
      objects = together(objects, this.#resource(path), path);
    }
    for (const component of components) objects = this.folder(join(folder, component), objects);
    for (const patch of patches) objects = this.#patched(folder, objects, patch);
    return objects;
  }

  #resource(path: string): readonly KubeObject[] {
    if (!/\.ya?ml$/.test(path)) return this.folder(path, []);
    const documents = this.read(path);
    if (documents === undefined) throw new RenderError(`${path} is not there`);
    return documents.map((document) => {
      if (isObject(document)) return structuredClone(document);
      throw new RenderError(`${path} has a document that is no object of Kubernetes`);
    });
  }

  #patched(folder: string, objects: readonly KubeObject[], patch: KustomizePatch): KubeObject[] {
    const { path, target } = patch;
    const file = path === undefined ? `a patch in ${folder}` : join(folder, path);
    const operations = path === undefined ? inlineOperations(patch.patch, file) : this.read(file)?.[0];
    if (!Array.isArray(operations)) throw new RenderError(`${file} is not there, or no list of operations`);
    const isMeant = targetMatcher(target);
    return objects.map((object) => {
      if (!isMeant(object)) return object;
      try {
        return applyJsonPatch(object as unknown as JsonObject, operations as Json) as unknown as KubeObject;
      } catch (error) {
        throw new RenderError(
          `${file} at ${object.kind} ${object.metadata.name}: ${
            error instanceof Error ? error.message : error
          }`,
          { cause: error },
        );
      }
    });
  }
}

/** Inline patches are text of YAML; the embedded ones were made JSON, which is YAML, when they were generated. */
function inlineOperations(text: string | undefined, file: string): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch (cause) {
    throw new RenderError(`${file} cannot be read`, { cause });
  }
}

function checked(path: string, document: unknown): Kustomization {
  if (!isJsonObject(document as Json)) throw new RenderError(`${path} is no object`);
  const object = document as Record<string, unknown>;
  if (object["kind"] !== "Kustomization" && object["kind"] !== "Component") {
    throw new RenderError(`${path} has the kind ${object["kind"]}`);
  }
  for (const key of Object.keys(object)) {
    if (!KEYS.includes(key)) throw new RenderError(`${path} uses ${key}, which is not rendered here`);
  }
  for (const patch of object["patches"] as Record<string, unknown>[] | undefined ?? []) {
    const target = patch["target"];
    if (!isJsonObject(target as Json)) {
      throw new RenderError(`${path} has a patch without a target, which is not rendered here`);
    }
    const unknown = Object.keys(target as object).find((key) => !TARGET_KEYS.includes(key)) ??
      Object.keys(patch).find((key) => !["path", "patch", "target"].includes(key));
    if (unknown !== undefined) {
      throw new RenderError(`${path} has a patch with ${unknown}, which is not rendered here`);
    }
  }
  return object as Kustomization;
}

function together(
  objects: readonly KubeObject[],
  more: readonly KubeObject[],
  path: string,
): KubeObject[] {
  const known = new Set(objects.map(identityOf));
  for (const object of more) {
    const identity = identityOf(object);
    if (known.has(identity)) throw new RenderError(`${path} adds ${identity}, which is there already`);
    known.add(identity);
  }
  return [...objects, ...more];
}

/** `Deployment.apps coder-system/coder-k8s`: what two objects may not share. */
export function identityOf({ apiVersion, kind, metadata: { namespace, name } }: KubeObject): string {
  const group = apiVersion.includes("/") ? `.${apiVersion.split("/")[0]}` : "";
  return `${kind}${group} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

function targetMatcher(target: PatchTarget): (object: KubeObject) => boolean {
  const whole = (pattern: string | undefined) =>
    pattern === undefined ? undefined : new RegExp(`^(?:${pattern})$`);
  const [kind, name, namespace] = [target.kind, target.name, target.namespace].map(whole);
  const labels = labelMatcher(target.labelSelector);
  return ({ apiVersion, kind: ofKind, metadata }) => {
    const [version = "", group = ""] = apiVersion.split("/").reverse();
    return (kind?.test(ofKind) ?? true) && (name?.test(metadata.name ?? "") ?? true) &&
      (namespace?.test(metadata.namespace ?? "") ?? true) &&
      (target.group === undefined || target.group === group) &&
      (target.version === undefined || target.version === version) &&
      labels(metadata.labels ?? {});
  };
}

function isObject(value: unknown): value is KubeObject {
  const { apiVersion, kind, metadata } = value as Partial<KubeObject> ?? {};
  return typeof apiVersion === "string" && typeof kind === "string" && typeof metadata?.name === "string";
}

/** Paths with `..`, from the root. */
function join(folder: string, path: string): string {
  const steps: string[] = [];
  for (const step of `${folder}/${path}`.split("/")) {
    if (step === "..") steps.pop();
    else if (step !== "." && step !== "") steps.push(step);
  }
  return steps.join("/");
}
