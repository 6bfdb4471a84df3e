/** ConfigMaps in memory, written by compare and swap, with faults. For tests alone. */
import type { WishRecord } from "../actions/mod.ts";
import type { ChangeRecord } from "../actions/templates/mod.ts";
import { CoderControlPlanes } from "../api/control_plane.ts";
import { ConfigMaps } from "../api/kubernetes/resources.ts";
import type { ConfigMap } from "../api/kubernetes/types.ts";
import {
  keyOf,
  keyText,
  type KubeObject,
  type ObjectKey,
  resourceText,
  type ResourceType,
} from "../api/object.ts";
import type { DeleteOptions, KubeClient } from "../kube/client.ts";
import { KubeConnectionError } from "../kube/errors.ts";
import { FakeApi, refusal } from "../kube/testing/fake_api.ts";
import type { Keeping, KeepingOwner, Keepings, ShadowRecord } from "./types.ts";
import { createKeepings, type KeepingsOptions } from "./keepings.ts";

export type MemoryVerb = "get" | "create" | "update" | "delete";

/** Runs before or after a request is carried out; what it throws is the answer. */
export type Fault = (verb: MemoryVerb, key: ObjectKey) => void | Promise<void>;

/** Lists and watches are those of {@linkcode FakeApi}; what is written goes there. */
export class MemoryCluster {
  readonly api = new FakeApi();
  /** Requests that are no lists and no watches, as `verb namespace/name`. */
  readonly calls: string[] = [];
  before: Fault | undefined;
  after: Fault | undefined;
  readonly #objects = new Map<string, KubeObject>();

  /** One client for each replica. */
  client(): KubeClient {
    return {
      ...this.api.client,
      get: (type, key) =>
        this.#call("get", key, () => {
          const object = this.find(type, key);
          if (object === undefined) throw refusal(404, "NotFound");
          return object;
        }),
      create: (type, object) =>
        this.#call("create", keyOf(object), () => {
          if (this.find(type, keyOf(object)) !== undefined) throw refusal(409, "AlreadyExists");
          return this.put(type, object);
        }),
      update: (type, object) =>
        this.#call("update", keyOf(object), () => {
          const there = this.find(type, keyOf(object));
          if (there === undefined) throw refusal(404, "NotFound");
          if (there.metadata.resourceVersion !== object.metadata.resourceVersion) {
            throw refusal(409, "Conflict");
          }
          return this.put(type, object);
        }),
      delete: (type, key, options) => this.#call("delete", key, () => this.#delete(type, key, options)),
    };
  }

  find<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): T | undefined {
    const object = this.#objects.get(`${resourceText(type)} ${keyText(key)}`);
    return object && structuredClone(object) as T;
  }

  configMaps(): ConfigMap[] {
    const prefix = `${resourceText(ConfigMaps)} `;
    return [...this.#objects].filter(([key]) => key.startsWith(prefix))
      .map(([, object]) => structuredClone(object) as KubeObject as ConfigMap);
  }

  /** As somebody else would. */
  put<T extends KubeObject>(type: ResourceType<T>, object: T): T {
    const stored = this.api.put(type, object);
    this.#objects.set(`${resourceText(type)} ${keyText(keyOf(object))}`, stored);
    return structuredClone(stored);
  }

  remove(type: ResourceType, key: ObjectKey): void {
    this.api.delete(type, key);
    this.#objects.delete(`${resourceText(type)} ${keyText(key)}`);
  }

  /** The next `times` answers to a verb are lost after the request was carried out. */
  loseAnswers(verb: MemoryVerb, times = 1): void {
    this.after = (called) => {
      if (called === verb && times-- > 0) throw lostAnswer();
    };
  }

  /** The next `times` requests of a verb do not arrive. */
  loseRequests(verb: MemoryVerb, times = 1): void {
    this.before = (called) => {
      if (called === verb && times-- > 0) throw lostAnswer();
    };
  }

  #delete(type: ResourceType, key: ObjectKey, { preconditions = {} }: DeleteOptions = {}): void {
    const metadata = this.find(type, key)?.metadata;
    if (metadata === undefined) throw refusal(404, "NotFound");
    const { uid = metadata.uid, resourceVersion = metadata.resourceVersion } = preconditions;
    if (uid !== metadata.uid || resourceVersion !== metadata.resourceVersion) throw refusal(409, "Conflict");
    this.remove(type, key);
  }

  async #call<R>(verb: MemoryVerb, key: ObjectKey, run: () => R): Promise<R> {
    this.calls.push(`${verb} ${keyText(key)}`);
    await this.before?.(verb, key);
    const result = run();
    await this.after?.(verb, key);
    return result;
  }
}

export function lostAnswer(): KubeConnectionError {
  return new KubeConnectionError("the connection broke", { method: "PUT", path: "/fake" });
}

/** Of the control plane `team/acme`. */
export const acme: KeepingOwner = {
  id: "team/acme",
  namespace: "team",
  controlPlane: { namespace: "team", name: "acme" },
  uid: "uid-1",
};

/** Makes it be there, as far as anybody asks. */
export function putControlPlane(cluster: MemoryCluster, { controlPlane }: KeepingOwner): string {
  const { kind } = CoderControlPlanes;
  const metadata = { ...controlPlane };
  return cluster.put(CoderControlPlanes, { apiVersion: "coder.com/v1alpha1", kind, metadata, spec: {} })
    .metadata.uid ?? "";
}

export interface Replica extends AsyncDisposable {
  readonly keepings: Keepings;
  readonly keeping: Keeping;
  readonly signal: AbortSignal;
}

/** One process that keeps things in `cluster`, until it is disposed of. */
export function startReplica(
  cluster: MemoryCluster,
  options: Partial<KeepingsOptions> & { readonly owner?: KeepingOwner } = {},
): Replica {
  const { owner = acme, ...rest } = options;
  const keepings = createKeepings({ client: cluster.client(), namespaces: [], ...rest });
  const end = new AbortController();
  const run = keepings.run(end.signal);
  return {
    keepings,
    keeping: keepings.of(owner),
    signal: end.signal,
    async [Symbol.asyncDispose]() {
      end.abort(new Error("stop"));
      await run;
    },
  };
}

/** A shadow with one label. */
export function shadowOf(id: string, label = "1", more: Partial<ShadowRecord> = {}): ShadowRecord {
  return { kind: "workspaces", id, name: `jane.${id}`, metadata: { labels: { label } }, ...more };
}

/** Of a workspace that is there, unless `workspace` is undefined. */
export function wishOf(name: string, workspace: string | undefined = `id-${name}`, base = 1): WishRecord {
  return {
    owner: "owner-1",
    name,
    ...(workspace === undefined ? {} : { workspace }),
    wish: {
      id: "wish-1",
      by: "jane",
      at: "2026-01-01T00:00:00Z",
      base,
      want: { running: true, isRunningAsked: true },
    },
    built: [],
  };
}

export function changeOf(template: string, more: Partial<ChangeRecord> = {}): ChangeRecord {
  return {
    organization: "org-1",
    template,
    id: "change-1",
    by: "jane",
    at: "2026-01-01T00:00:00Z",
    text: "text",
    content: "content",
    inputs: "inputs",
    file: "file",
    name: `v-${template}`,
    message: "",
    tags: {},
    hasVariables: false,
    bases: [],
    ...more,
  };
}
