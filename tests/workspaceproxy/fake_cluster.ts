/** A cluster in memory: what the API server has, what the cache has of it, and who was refused. */
import { CoderControlPlanes } from "../../src/api/control_plane.ts";
import { Gateways, HTTPRoutes } from "../../src/api/gateway.ts";
import {
  ConfigMaps,
  Deployments,
  HorizontalPodAutoscalers,
  Ingresses,
  Namespaces,
  PodDisruptionBudgets,
  Secrets,
  Services,
} from "../../src/api/kubernetes/resources.ts";
import type { Deployment, HorizontalPodAutoscaler, Pod, Secret } from "../../src/api/kubernetes/types.ts";
import { keyOf, keyText, type KubeObject, type ObjectKey, type ResourceType } from "../../src/api/object.ts";
import { CoderWorkspaceProxies } from "../../src/api/workspace_proxy.ts";
import type { Applier, ApplyOptions } from "../../src/kube/applier.ts";
import { canonicalJson } from "../../src/kube/apply/canonical_json.ts";
import { controllerReference, isControlledBy } from "../../src/kube/apply/owner_references.ts";
import { claim } from "../../src/kube/apply/ownership.ts";
import type { DeleteOptions, JsonPatchOperation, KubeClient, PatchBody } from "../../src/kube/client.ts";
import { KubeApiError } from "../../src/kube/errors.ts";
import { secretOf } from "../../src/operator/visit/control_plane_testing.ts";
import { FakeInformer } from "../../src/reconciler/testing/fakes.ts";
import { deploymentFacts } from "../../src/workload/deployment_facts.ts";
import { BY_TARGET, targetDeployment } from "../../src/workload/kinds.ts";

/** A refusal by the API server. */
export function refused(code: number, reason = "", message = "no"): KubeApiError {
  return new KubeApiError(code, reason, message, { method: "PATCH", path: "/x" });
}

/** A kind in the cache, with the filters and the indexes that are used. */
class Kind extends FakeInformer {
  override list(
    { namespace, labels = {} }: { namespace?: string; labels?: Readonly<Record<string, string>> } = {},
  ) {
    return super.list().filter(({ metadata }) =>
      (namespace === undefined || metadata.namespace === namespace) &&
      Object.entries(labels).every(([name, value]) => metadata.labels?.[name] === value)
    );
  }
  override derived(key?: ObjectKey): unknown {
    const object = key === undefined ? undefined : this.get(key);
    return object?.kind === "Deployment" ? deploymentFacts(object as Deployment) : undefined;
  }
}

/** See the file's head. */
export class FakeCluster {
  readonly kinds = {
    workspaceProxies: new Kind(CoderWorkspaceProxies),
    controlPlanes: new Kind(CoderControlPlanes),
    deployments: new Kind(Deployments),
    services: new Kind(Services),
    secrets: new Kind(Secrets),
    configMaps: new Kind(ConfigMaps),
    autoscalers: new Kind(HorizontalPodAutoscalers),
    ingresses: new Kind(Ingresses),
    httpRoutes: new Kind(HTTPRoutes),
    gateways: new Kind(Gateways),
    disruptionBudgets: new Kind(PodDisruptionBudgets),
    namespaces: new Kind(Namespaces),
  };
  /** Content of Secrets, which the cache does not have. */
  readonly #secrets = new Map<string, Secret>();
  /** Only read live. */
  pods: Pod[] = [];
  /** As `apply Deployment wsproxy-eu`, `delete Secret old`, `status`, `get Secret eu-proxy-token`. */
  done: string[] = [];
  refuse: (verb: string, kind: string, name: string) => unknown = () => undefined;
  /** Milliseconds since 1970, and the monotonic clock, too. */
  ms = Date.parse("2026-01-01T00:00:00Z");
  /** Propagation of the last delete. */
  propagation: string | undefined;
  #version = 100;

  constructor() {
    this.kinds.autoscalers.addIndex(
      BY_TARGET,
      (object) => targetDeployment(object as HorizontalPodAutoscaler),
    );
  }

  get now(): Date {
    return new Date(this.ms);
  }

  /** Puts an object there, as a new version of whatever there is. */
  store(object: KubeObject): void {
    this.#store(this.#next(object));
  }

  /** What a Secret holds at a key. */
  secretText(key: ObjectKey, name = "token"): string | undefined {
    const encoded = this.#secrets.get(keyText(key))?.data?.[name];
    return encoded === undefined ? undefined : atob(encoded);
  }

  /** Puts a Secret there; nobody's unless the metadata says whose. */
  secret(
    key: ObjectKey,
    data: Readonly<Record<string, string>>,
    metadata: Partial<KubeObject["metadata"]> = {},
  ): void {
    const made = secretOf(key, data, `${++this.#version}`);
    this.#store({ ...made, metadata: { ...made.metadata, ...metadata } });
  }

  removeSecret(key: ObjectKey): void {
    this.#secrets.delete(keyText(key));
    const cached = this.kinds.secrets.get(key);
    if (cached !== undefined) this.kinds.secrets.remove(cached);
  }

  get client(): KubeClient {
    return {
      get: this.#get,
      update: this.#update,
      patch: this.#patch,
      delete: this.#delete,
      list: this.#list,
    } as unknown as KubeClient;
  }

  get applier(): Applier {
    return { apply: this.#apply, deleteOwned: this.#deleteOwned } as unknown as Applier;
  }

  #kind(type: ResourceType): Kind {
    const kind = Object.values(this.kinds).find((each) => each.type.kind === type.kind);
    if (kind === undefined) throw new Error(`no ${type.kind}`);
    return kind;
  }

  #note(verb: string, kind: string, name = ""): void {
    this.done.push(`${verb} ${kind} ${name}`.trim());
    const error = this.refuse(verb, kind, name);
    if (error !== undefined) throw error;
  }

  /** What the API server has; Secrets are cached as metadata. */
  #live(type: ResourceType, key: ObjectKey): KubeObject | undefined {
    return type.kind === "Secret" ? this.#secrets.get(keyText(key)) : this.#kind(type).get(key);
  }

  #store(object: KubeObject): void {
    const kind = this.#kind({ kind: object.kind } as ResourceType);
    if (object.kind !== "Secret") return kind.put(object);
    this.#secrets.set(keyText(keyOf(object)), object as Secret);
    const { apiVersion, metadata } = object;
    kind.put({ apiVersion, kind: object.kind, metadata });
  }

  // deno-lint-ignore require-await -- as the contract has it
  #get = async (type: ResourceType, key: ObjectKey): Promise<KubeObject> => {
    this.#note("get", type.kind, key.name);
    const object = this.#live(type, key);
    if (object === undefined) throw refused(404, "NotFound");
    return object;
  };

  // deno-lint-ignore require-await -- as the contract has it
  #update = async (type: ResourceType, object: KubeObject & { status?: unknown }): Promise<KubeObject> => {
    this.#note("status", "");
    const live = this.#live(type, keyOf(object));
    if (live === undefined) throw refused(404, "NotFound");
    if (live.metadata.resourceVersion !== object.metadata.resourceVersion) throw refused(409, "Conflict");
    const stored = this.#next({ ...live, status: object.status } as KubeObject);
    this.kinds.workspaceProxies.put(stored);
    return stored;
  };

  // deno-lint-ignore require-await -- as the contract has it
  #patch = async (type: ResourceType, key: ObjectKey, { body }: PatchBody): Promise<KubeObject> => {
    this.#note("patch", type.kind, key.name);
    const live = this.#live(type, key);
    if (live === undefined) throw refused(404, "NotFound");
    const object = structuredClone(live);
    for (const operation of body as JsonPatchOperation[]) applyOperation(object, operation);
    const stored = this.#next(object);
    const isOver = stored.metadata.deletionTimestamp !== undefined &&
      (stored.metadata.finalizers ?? []).length === 0;
    if (isOver) this.#kind(type).remove(stored);
    else this.#store(stored);
    return stored;
  };

  // deno-lint-ignore require-await -- as the contract has it
  #delete = async (type: ResourceType, key: ObjectKey, options: DeleteOptions = {}): Promise<void> => {
    this.#note("delete", type.kind, key.name);
    this.propagation = options.propagationPolicy;
    const live = this.#live(type, key);
    if (live === undefined) throw refused(404, "NotFound");
    if (type.kind === "Secret") return this.removeSecret(key);
    if (options.propagationPolicy !== "Foreground") return this.#kind(type).remove(live);
    this.#store({ ...live, metadata: { ...live.metadata, deletionTimestamp: this.now.toISOString() } });
  };

  // deno-lint-ignore require-await -- as the contract has it
  #list = async (type: ResourceType) => {
    this.#note("list", type.kind);
    return { items: this.pods, resourceVersion: "1" };
  };

  // deno-lint-ignore require-await -- as the contract has it
  #apply = async (type: ResourceType, desired: KubeObject, options: ApplyOptions) => {
    const key = keyOf(desired);
    const live = this.#live(type, key);
    if (live !== undefined) claim(type, live, options);
    this.#note("apply", type.kind, key.name);
    const { owner } = options;
    const metadata = {
      ...live?.metadata,
      ...desired.metadata,
      annotations: { ...theirs(live), ...desired.metadata.annotations },
      ...(owner && { ownerReferences: [controllerReference(owner)] }),
    };
    const { spec: before, data } = (live ?? {}) as { spec?: object; data?: object };
    const { spec, data: added } = desired as { spec?: object; data?: object };
    const merged = {
      ...live,
      ...desired,
      ...(spec && { spec: { ...before, ...spec } }),
      ...(added && { data: { ...theirData(data), ...added } }),
      metadata,
    };
    if (live !== undefined && canonicalJson(live) === canonicalJson(merged)) {
      return { object: live, outcome: "unchanged" };
    }
    const stored = this.#next(merged, canonicalJson(before ?? {}) !== canonicalJson(merged.spec ?? {}));
    this.#store(stored);
    return { object: stored, outcome: live === undefined ? "created" : "configured" };
  };

  #deleteOwned = async (type: ResourceType, key: ObjectKey, owner: KubeObject): Promise<boolean> => {
    const live = this.#live(type, key);
    if (live === undefined || !isControlledBy(live, owner)) return false;
    await this.#delete(type, key);
    return true;
  };

  #next<T extends KubeObject>(object: T, grows = false): T {
    const { generation = 0, uid = `uid-${object.kind}-${this.#version}` } = object.metadata;
    const resourceVersion = `${++this.#version}`;
    return {
      ...object,
      metadata: { ...object.metadata, uid, resourceVersion, generation: generation + (grows ? 1 : 0) },
    };
  }
}

/** Server-side apply takes away what was applied before and is not any more. */
function theirs(live: KubeObject | undefined): Record<string, string> {
  const annotations = Object.entries(live?.metadata.annotations ?? {});
  return Object.fromEntries(annotations.filter(([name]) => !name.startsWith("coder.com/")));
}

/** The same for Secrets. */
function theirData(data: object = {}): object {
  return Object.fromEntries(Object.entries(data).filter(([name]) => !name.startsWith("token")));
}

/** What JSON patches of the operator do: to finalizers, to an annotation, to managed fields. */
function applyOperation(object: KubeObject, operation: JsonPatchOperation): void {
  const parts = operation.path.split("/").slice(1).map((part) => part.replaceAll("~1", "/"));
  const last = parts.pop() ?? "";
  // deno-lint-ignore no-explicit-any -- any JSON
  const parent = parts.reduce((value: any, part) => value[part], object as any);
  if (operation.op === "test") {
    if (parent[last] !== operation.value) throw refused(422, "Invalid");
  } else if (operation.op === "remove") {
    if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else delete parent[last];
  } else if ("value" in operation) {
    if (Array.isArray(parent) && last === "-") parent.push(operation.value);
    else parent[last] = operation.value;
  }
}
