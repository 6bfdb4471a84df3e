/** For tests: a few Kubernetes objects in memory, as a caller sees them. */
import { keyOf, keyText, type KubeObject, resourceText, type ResourceType } from "../../api/object.ts";
import { KubeApiError } from "../../kube/errors.ts";
import type { CallerCluster, TextOptions } from "../../caller/types.ts";

export interface MemoryCluster extends CallerCluster {
  /** Everything that was asked for, such as `list pods lab com.coder.workspace.id=…`. */
  readonly asked: string[];
}

export interface MemoryWorld {
  readonly objects?: readonly KubeObject[];
  /** Such as `list pods` or `get pods lab/a`: what is answered instead. */
  readonly refuse?: (what: string) => Error | undefined;
  /** The whole log that a pod has; only `tailLines` is applied. */
  readonly log?: string;
}

/** The API server's refusal. */
export function refusal(code: number, reason: string, message = reason): KubeApiError {
  return new KubeApiError(code, reason, message, { method: "GET", path: "/" });
}

/** Lists in pages, sorted by key, and selects by equality alone. */
export function memoryCluster(
  { objects = [], refuse = () => undefined, log = "" }: MemoryWorld,
): MemoryCluster {
  const asked: string[] = [];
  const ask = (what: string) => {
    asked.push(what);
    const error = refuse(what);
    if (error !== undefined) throw error;
  };
  const of = (type: ResourceType) => objects.filter(({ kind }) => kind === type.kind);
  const never = () => Promise.reject(new Error("nothing is changed here"));
  return {
    asked,
    // deno-lint-ignore require-await -- refusals are rejections
    async get(type, key) {
      ask(`get ${resourceText(type)} ${keyText(key)}`);
      const found = of(type).find((object) => keyText(keyOf(object)) === keyText(key));
      if (found === undefined) {
        throw refusal(404, "NotFound", `${resourceText(type)} "${key.name}" not found`);
      }
      return found as never;
    },
    // deno-lint-ignore require-await -- refusals are rejections
    async list(type, { namespace, labelSelector, fieldSelector, limit, continue: from } = {}) {
      const words = [resourceText(type), namespace ?? "*", labelSelector, fieldSelector, from];
      ask(`list ${words.filter((word) => word !== undefined).join(" ")}`);
      const all = of(type).filter((object) =>
        (namespace === undefined || object.metadata.namespace === namespace) &&
        selects(labelSelector, (name) => object.metadata.labels?.[name]) &&
        selects(
          fieldSelector,
          (path) => String(path.split(".").reduce((at, part) => (at as never)?.[part], object)),
        )
      ).sort((a, b) => keyText(keyOf(a)) < keyText(keyOf(b)) ? -1 : 1);
      const start = Number(from ?? 0);
      const end = start + (limit ?? all.length);
      return {
        items: all.slice(start, end) as never[],
        resourceVersion: "1",
        ...(end < all.length ? { continue: String(end) } : {}),
      };
    },
    // deno-lint-ignore require-await -- refusals are rejections
    async text(type, key, subresource, { query = {}, maxBytes }: TextOptions) {
      const parts = Object.entries(query).flatMap(([name, value]) =>
        value === undefined ? [] : [`${name}=${value}`]
      );
      ask(`text ${resourceText(type)} ${keyText(key)} ${subresource} ${parts.join("&")}`);
      const lines = log.split("\n").slice(0, -1);
      const tail = lines.slice(Math.max(0, lines.length - Number(query["tailLines"] ?? lines.length)));
      const bytes = new TextEncoder().encode(tail.map((line) => `${line}\n`).join(""));
      return { bytes: bytes.subarray(0, maxBytes), isCut: bytes.length > maxBytes };
    },
    watch: never,
    create: never,
    update: never,
    patch: never,
    delete: never,
    may: () => Promise.resolve({ allowed: true, reason: "" }),
    missing: () => [],
  };
}

function selects(selector: string | undefined, valueOf: (name: string) => string | undefined): boolean {
  if (selector === undefined || selector === "") return true;
  return selector.split(/(?<!\\),/).every((part) => {
    const [name = "", value = ""] = part.split(/(?<!\\)=(.*)/);
    return valueOf(name) === value.replace(/\\(.)/g, "$1");
  });
}
