/** For tests of what people watch: a live cluster in memory, and somebody who watches it. */
import { keyOf, keyText, type KubeObject, type ResourceType } from "../api/object.ts";
import { type CoderWorkspace, CoderWorkspaces } from "../api/workspace.ts";
import type { CallerCluster, CallerCoders } from "../caller/types.ts";
import type { ListOptions, WatchEvent, WatchOptions } from "../kube/client.ts";
import { KubeApiError } from "../kube/errors.ts";
import { toldWatch, type WatchEars } from "../mcp/caller/watch_queue.ts";
import type { Visitor } from "./sources/source.ts";

/** Objects that change while somebody watches; what it is asked for is in `asked`. */
export class LiveCluster {
  readonly asked: string[] = [];
  readonly #objects = new Map<string, KubeObject>();
  readonly #watchers = new Map<WatchEars<KubeObject>, { kind: string; namespace: string | undefined }>();
  #version = 1;
  /** Lists have no version, as those of a cache. */
  hasNoVersions = false;
  /** What is answered instead. */
  refuse: (what: string) => Error | undefined = () => undefined;
  gaps: string[] = [];
  log = "";
  may = true;

  get watchers(): number {
    return this.#watchers.size;
  }

  put(...objects: KubeObject[]): void {
    for (const given of objects) {
      const id = `${given.kind} ${keyText(keyOf(given))}`;
      const type = this.#objects.has(id) ? "MODIFIED" : "ADDED";
      const object = { ...given, metadata: { ...given.metadata, resourceVersion: String(++this.#version) } };
      this.#objects.set(id, object);
      this.#tell({ type, object });
    }
  }

  remove(kind: string, namespace: string, name: string, isSilent = false): void {
    const id = `${kind} ${namespace}/${name}`;
    const object = this.#objects.get(id);
    if (object === undefined) throw new Error(`there is no ${id}`);
    this.#objects.delete(id);
    if (!isSilent) this.#tell({ type: "DELETED", object });
  }

  /** Ends all watches, with an error or without. */
  breakWatches(error?: Error): void {
    for (const ears of [...this.#watchers.keys()]) ears.end(error);
  }

  /** Says something in all watches. */
  say(event: WatchEvent<KubeObject>): void {
    for (const ears of this.#watchers.keys()) ears.event(event);
  }

  #tell(event: { type: "ADDED" | "MODIFIED" | "DELETED"; object: KubeObject }): void {
    const { kind, metadata } = event.object;
    for (const [ears, watched] of this.#watchers) {
      if (watched.kind !== kind) continue;
      if (watched.namespace === undefined || watched.namespace === metadata.namespace) ears.event(event);
    }
  }

  #ask(what: string): void {
    this.asked.push(what);
    const error = this.refuse(what);
    if (error !== undefined) throw error;
  }

  #of(kind: string, namespace: string | undefined): KubeObject[] {
    return [...this.#objects.values()].filter((object) =>
      object.kind === kind && (namespace === undefined || object.metadata.namespace === namespace)
    );
  }

  /** As a caller sees it. */
  get cluster(): CallerCluster {
    const never = () => Promise.reject(new Error("nothing is changed here"));
    return {
      // deno-lint-ignore require-await -- refusals are rejections
      get: async (type, key) => {
        this.#ask(`get ${type.plural} ${keyText(key)}`);
        const found = this.#objects.get(`${type.kind} ${keyText(key)}`);
        if (found === undefined) throw refusal(404, "NotFound", `${key.name} not found`);
        return found as never;
      },
      // deno-lint-ignore require-await -- refusals are rejections
      list: async <T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}) => {
        const { namespace, limit, continue: from } = options;
        this.#ask(`list ${type.plural}${from === undefined ? "" : ` from ${from}`}`);
        const all = this.#of(type.kind, namespace);
        const start = Number(from ?? 0);
        const end = start + (limit ?? all.length);
        return {
          items: all.slice(start, end) as T[],
          resourceVersion: this.hasNoVersions ? "" : String(this.#version),
          ...(end < all.length ? { continue: String(end) } : {}),
        };
      },
      // deno-lint-ignore require-await -- refusals are rejections
      watch: async <T extends KubeObject>(type: ResourceType<T>, options: WatchOptions = {}) => {
        const { namespace, signal, resourceVersion = "" } = options;
        this.#ask(`watch ${type.plural} ${resourceVersion}`.trimEnd());
        return toldWatch<T>({ method: "GET", path: "/" }, signal, (given) => {
          const ears = given as unknown as WatchEars<KubeObject>;
          this.#watchers.set(ears, { kind: type.kind, namespace });
          const missed = this.#of(type.kind, namespace).filter(({ metadata }) =>
            resourceVersion === "" || Number(metadata.resourceVersion) > Number(resourceVersion)
          );
          for (const object of missed) ears.event({ type: "ADDED", object });
          return () => void this.#watchers.delete(ears);
        });
      },
      create: never,
      update: never,
      patch: never,
      delete: never,
      // deno-lint-ignore require-await -- refusals are rejections
      text: async (type, key, subresource, { query = {} }) => {
        this.#ask(`text ${type.plural} ${keyText(key)} ${subresource} ${query["build"] ?? ""}`);
        return { bytes: new TextEncoder().encode(this.log), isCut: false };
      },
      may: () => Promise.resolve({ allowed: this.may, reason: "" }),
      missing: () => this.gaps,
    };
  }
}

export function refusal(code: number, reason: string, message = reason): KubeApiError {
  return new KubeApiError(code, reason, message, { method: "GET", path: "/" });
}

/** Nobody's Coder. */
export const noCoders: CallerCoders = {
  list: () => Promise.resolve([]),
  open: () => Promise.reject(new Error("there is no Coder")),
};

export function visitorOf(name: string, cluster: CallerCluster, coders: CallerCoders = noCoders): Visitor {
  return { caller: { user: { name, groups: [], extra: {} }, method: "token", id: name }, cluster, coders };
}

/** A workspace that runs, but for what is said. */
export function workspaceOf(
  name: string,
  status: Partial<CoderWorkspace["status"]> = {},
  namespace = "lab",
): CoderWorkspace {
  const [, ownerName = ""] = name.split(".");
  return {
    apiVersion: "aggregation.coder.com/v1alpha1",
    kind: CoderWorkspaces.kind,
    metadata: { namespace, name, uid: `uid-${name}` },
    spec: { templateName: "docker", running: true },
    status: {
      ownerName,
      latestBuildStatus: "running",
      latestBuild: {
        number: 1,
        transition: "start",
        createdAt: "2026-11-22T04:00:00Z",
        completedAt: "2026-11-22T04:01:00Z",
      },
      lastUsedAt: null,
      ...status,
    },
  } as CoderWorkspace;
}

/** Waits until it is so. */
export async function until(isSo: () => boolean, what: string, timeoutMs = 30_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
