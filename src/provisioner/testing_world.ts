/** A cluster in memory with one provisioner, and passes over it. For tests alone. */
import { CoderControlPlanes, type ControlPlaneSpecInput } from "../api/control_plane.ts";
import {
  ConfigMaps,
  Deployments,
  HorizontalPodAutoscalers,
  RoleBindings,
  Roles,
  Secrets,
  ServiceAccounts,
} from "../api/kubernetes/resources.ts";
import type { Deployment, HorizontalPodAutoscaler, Pod, Role } from "../api/kubernetes/types.ts";
import { type CoderProvisioner, CoderProvisioners, type ProvisionerStatus } from "../api/provisioner.ts";
import { keyOf, keyText, type KubeObject, type ObjectKey, type ResourceType } from "../api/object.ts";
import { type ApplyOptions, ForeignObjectError } from "../kube/applier.ts";
import { controllerReference, isControlledBy } from "../kube/apply/owner_references.ts";
import { canonicalJson } from "../kube/apply/canonical_json.ts";
import type { DeleteOptions, JsonPatchOperation, PatchBody } from "../kube/client.ts";
import { KubeApiError } from "../kube/errors.ts";
import { ReferencedData } from "../operator/children/referenced_data.ts";
import { EMPTY_REPORT } from "../operator/pass/report.ts";
import { controlledBy, FakeInformer, make } from "../reconciler/testing/fakes.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { conditionOf } from "../workload/conditions.ts";
import { deploymentFacts } from "../workload/deployment_facts.ts";
import { BY_GRANTEE_UID, BY_TARGET, granteeUids, targetDeployment } from "../workload/kinds.ts";
import { provisionerReconcile, type ReconcilerOptions } from "./reconciler.ts";
import { type ProvisionerResult, ProvisionerResults } from "./results.ts";
import { type SpecInput, storedProvisioner } from "./testing.ts";

/** The provisioner's key, and that of its Deployment. */
export const KEY: ObjectKey = { namespace: "a", name: "prov" };
export const DEPLOYMENT: ObjectKey = { namespace: "a", name: "provisioner-prov" };

/** What a visit finds where all is well. */
export const CHECKSUM = { valueHash: "5ec2e7", legacy: "c0ffee00" };

/** A refusal by the API server. */
export function refused(code: number, reason = "", message = "no"): KubeApiError {
  return new KubeApiError(code, reason, message, { method: "PATCH", path: "/x" });
}

/** A kind in the cache, with the filters and the indexes that passes use. */
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
    return object === undefined ? undefined : deploymentFacts(object as Deployment);
  }
}

/** What is there, what was done, and what is refused. */
export class World {
  readonly provisioners = new Kind(CoderProvisioners);
  readonly controlPlanes = new Kind(CoderControlPlanes);
  readonly deployments = new Kind(Deployments);
  readonly serviceAccounts = new Kind(ServiceAccounts);
  readonly secrets = new Kind(Secrets);
  readonly configMaps = new Kind(ConfigMaps);
  readonly autoscalers = new Kind(HorizontalPodAutoscalers);
  readonly roles = new Kind(Roles);
  readonly roleBindings = new Kind(RoleBindings);
  /** Only read live. */
  pods: Pod[] = [];
  results: ProvisionerResults | undefined = new ProvisionerResults();
  /** As `apply Deployment provisioner-prov`, `delete Secret old`, `status`, `list Pod`. */
  done: string[] = [];
  /** As `Warning Degraded: …`. */
  events: string[] = [];
  refuse: (verb: string, kind: string) => unknown = () => undefined;
  now = new Date("2026-01-01T00:00:00Z");
  stages: ReconcilerOptions["stages"];
  /** Propagation of the last delete. */
  propagation: string | undefined;
  #version = 100;

  constructor(spec: SpecInput = {}, extra: Partial<CoderProvisioner["metadata"]> = {}) {
    this.autoscalers.addIndex(BY_TARGET, (object) => targetDeployment(object as HorizontalPodAutoscaler));
    for (const kind of [this.roles, this.roleBindings]) {
      kind.addIndex(BY_GRANTEE_UID, (object) => granteeUids(object as Role));
    }
    this.provisioners.put(storedProvisioner(spec, extra));
    this.controlPlane();
  }

  get object(): CoderProvisioner {
    const object = this.provisioners.get(KEY);
    if (object === undefined) throw new Error("the provisioner is gone");
    return object as CoderProvisioner;
  }

  get status(): ProvisionerStatus {
    return this.object.status ?? {};
  }

  get deployment(): Deployment | undefined {
    return this.deployments.get(DEPLOYMENT) as Deployment | undefined;
  }

  /** Puts the control plane there, in namespace `a` unless another one is given. */
  controlPlane(
    spec: ControlPlaneSpecInput = {},
    metadata: Partial<KubeObject["metadata"]> = {},
    status: object = {},
  ): void {
    const object = make(CoderControlPlanes, "coder", { namespace: "a", ...metadata });
    this.controlPlanes.put({ ...object, spec: { image: "coder:v2.30.0", ...spec }, status } as KubeObject);
  }

  /** Changes the spec as a user does, or the metadata alone. */
  change(spec: SpecInput | undefined, metadata: Partial<CoderProvisioner["metadata"]> = {}): void {
    const { object } = this;
    const generation = (object.metadata.generation ?? 0) + (spec === undefined ? 0 : 1);
    const next = { ...object, metadata: { ...object.metadata, generation, ...metadata } };
    if (spec !== undefined) Object.assign(next, { spec: { ...object.spec, ...spec } });
    this.provisioners.put(next);
  }

  /** A visit has ended; what is not given is as it is where all is well. */
  visited(result: Partial<ProvisionerResult> = {}): void {
    const { generation = 1, uid = "" } = this.object.metadata;
    this.results?.set(uid, { generation, report: EMPTY_REPORT, checksum: CHECKSUM, ...result });
  }

  /** The Deployment controller and the kubelets have done their work: so many pods are ready. */
  rollOut(ready = this.deployment?.spec?.replicas ?? 1): void {
    const { deployment } = this;
    if (deployment === undefined) throw new Error("there is no Deployment");
    const all = { replicas: ready, updatedReplicas: ready, readyReplicas: ready, availableReplicas: ready };
    const lastTime = { lastTransitionTime: "2026-01-01T00:00:00Z", lastUpdateTime: "2026-01-01T00:00:00Z" };
    this.deployments.put({
      ...deployment,
      status: {
        observedGeneration: deployment.metadata.generation ?? 0,
        ...all,
        conditions: [{ type: "Available", status: ready > 0 ? "True" : "False", ...lastTime }],
      },
    } as Deployment);
  }

  /** A child of the provisioner's, or somebody else's. */
  child(type: ResourceType, name: string, more: object = {}, owner: KubeObject = this.object): void {
    const labels = {
      "app.kubernetes.io/name": "coder-provisioner",
      "app.kubernetes.io/instance": "prov",
      "app.kubernetes.io/managed-by": "coder-k8s",
    };
    const object = make(type, name, { namespace: "a", labels, ownerReferences: controlledBy(owner) });
    this.#kind(type).put({ ...object, ...more });
  }

  /** A pod of the provisioner's. */
  pod(name: string, spec: Partial<NonNullable<Pod["spec"]>>, phase = "Running"): void {
    const pod = make({ ...Deployments, group: "", kind: "Pod", plural: "pods" }, name, { namespace: "a" });
    this.pods.push({ ...pod, spec: { containers: [], ...spec }, status: { phase } });
  }

  /** One pass. */
  async pass(signal = new AbortController().signal) {
    this.done = [];
    return await provisionerReconcile(this.#options())(KEY, { signal, log: silentLogger });
  }

  /** As `False/NotEntitled`; undefined where there is none. */
  condition(type: string): string | undefined {
    const found = conditionOf(this.status.conditions, type);
    return found === undefined ? undefined : `${found.status}/${found.reason}`;
  }

  message(type: string): string {
    return conditionOf(this.status.conditions, type)?.message ?? "";
  }

  #kind(type: ResourceType): Kind {
    const kinds = Object.values(this).filter((each) => each instanceof Kind);
    const kind = kinds.find((each) => each.type.kind === type.kind);
    if (kind === undefined) throw new Error(`no ${type.kind}`);
    return kind;
  }

  #note(verb: string, kind: string, name = ""): void {
    this.done.push(`${verb} ${kind} ${name}`.trim());
    const error = this.refuse(verb, kind);
    if (error !== undefined) throw error;
  }

  #options(): ReconcilerOptions {
    const kinds = {
      provisioners: this.provisioners,
      controlPlanes: this.controlPlanes,
      deployments: this.deployments,
      serviceAccounts: this.serviceAccounts,
      secrets: this.secrets,
      configMaps: this.configMaps,
      autoscalers: this.autoscalers,
      roles: this.roles,
      roleBindings: this.roleBindings,
      namespaces: undefined,
    };
    const client = {
      get: this.#get,
      update: this.#update,
      patch: this.#patch,
      delete: this.#delete,
      list: this.#list,
    };
    return {
      client,
      kinds,
      referencedData: new ReferencedData(client as never, kinds as never),
      applier: { apply: this.#apply, deleteOwned: this.#deleteOwned },
      events: {
        event: (_object: unknown, type: string, reason: string, note: string) =>
          void this.events.push(`${type} ${reason}: ${note}`),
      },
      redact: (text: string) => text.replaceAll("SECRET", "***"),
      namespaces: [],
      workspaceNamespaces: ["w-*"],
      clusterDomain: "cluster.local",
      now: () => this.now,
      ...(this.results && { results: this.results }),
      ...(this.stages && { stages: this.stages }),
    } as unknown as ReconcilerOptions;
  }

  // deno-lint-ignore require-await -- as the contract has it
  #get = async (type: ResourceType, key: ObjectKey): Promise<KubeObject> => {
    const object = this.#kind(type).get(key);
    if (object === undefined) throw refused(404, "NotFound");
    return object;
  };

  // deno-lint-ignore require-await -- as the contract has it
  #update = async (_type: ResourceType, object: CoderProvisioner): Promise<KubeObject> => {
    this.#note("status", "");
    const stored = this.#next({ ...this.object, status: object.status } as KubeObject);
    this.provisioners.put(stored);
    return stored;
  };

  // deno-lint-ignore require-await -- as the contract has it
  #patch = async (type: ResourceType, key: ObjectKey, { body }: PatchBody): Promise<KubeObject> => {
    this.#note("patch", type.kind, key.name);
    const kind = this.#kind(type);
    const live = kind.get(key);
    if (live === undefined) throw refused(404, "NotFound");
    const object = structuredClone(live);
    for (const operation of body as JsonPatchOperation[]) applyOperation(object, operation);
    const stored = this.#next(object);
    const isOver = stored.metadata.deletionTimestamp !== undefined &&
      (stored.metadata.finalizers ?? []).length === 0;
    if (isOver) kind.remove(stored);
    else kind.put(stored);
    return stored;
  };

  // deno-lint-ignore require-await -- as the contract has it
  #delete = async (type: ResourceType, key: ObjectKey, options: DeleteOptions = {}): Promise<void> => {
    this.#note("delete", type.kind, key.name);
    this.propagation = options.propagationPolicy;
    const kind = this.#kind(type);
    const live = kind.get(key);
    if (live === undefined) throw refused(404, "NotFound");
    if (options.propagationPolicy !== "Foreground") return kind.remove(live);
    const metadata = { ...live.metadata, deletionTimestamp: this.now.toISOString() };
    kind.put({ ...live, metadata });
  };

  // deno-lint-ignore require-await -- as the contract has it
  #list = async (type: ResourceType) => {
    this.#note("list", type.kind);
    return { items: type.kind === "Pod" ? this.pods : this.#kind(type).list(), resourceVersion: "1" };
  };

  // deno-lint-ignore require-await -- as the contract has it
  #apply = async (type: ResourceType, desired: KubeObject, options: ApplyOptions) => {
    const kind = this.#kind(type);
    const key = keyOf(desired);
    const live = kind.get(key);
    const { owner } = options;
    const ours = live === undefined || (owner !== undefined && isControlledBy(live, owner)) ||
      options.isOurs?.(live) === true;
    if (!ours) throw new ForeignObjectError(`${keyText(key)} is theirs`, type.plural, key, "uncontrolled");
    this.#note("apply", type.kind, key.name);
    const metadata = {
      ...live?.metadata,
      ...desired.metadata,
      annotations: { ...live?.metadata.annotations, ...desired.metadata.annotations },
      ...(owner && { ownerReferences: [controllerReference(owner)] }),
    };
    const { spec: before } = (live ?? {}) as { spec?: object };
    const { spec } = desired as { spec?: object };
    const merged = { ...live, ...desired, ...(spec && { spec: { ...before, ...spec } }), metadata };
    if (live !== undefined && canonicalJson(live) === canonicalJson(merged)) {
      return { object: live, outcome: "unchanged" };
    }
    const stored = this.#next(merged, canonicalJson(before ?? {}) !== canonicalJson(merged.spec ?? {}));
    kind.put(stored);
    return { object: stored, outcome: live === undefined ? "created" : "configured" };
  };

  #deleteOwned = async (type: ResourceType, key: ObjectKey, owner: KubeObject): Promise<boolean> => {
    const live = this.#kind(type).get(key);
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

/** What JSON patches of the operator do: to finalizers, to an annotation. */
function applyOperation(object: KubeObject, operation: JsonPatchOperation): void {
  const parts = operation.path.split("/").slice(1).map((part) => part.replaceAll("~1", "/"));
  const last = parts.pop() ?? "";
  // deno-lint-ignore no-explicit-any -- any JSON
  const parent = parts.reduce<any>((at, part) => at[part], object);
  if (operation.op === "test") {
    if (canonicalJson(parent[last]) !== canonicalJson(operation.value)) throw refused(422, "Invalid");
  } else if (operation.op === "add") {
    if (last === "-") parent.push(operation.value);
    else parent[last] = operation.value;
  } else if (operation.op === "remove") {
    if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else delete parent[last];
  }
}
