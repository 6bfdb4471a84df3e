/** A cluster in memory with one workspace proxy, the passes over it, and its visits to a fake Coder. For tests alone. */
import { randomUUID } from "node:crypto";
import { type ClientRig, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import { fakeLicense } from "../../tests/fake-coder/mod.ts";
import type { FakeProxy } from "../../tests/fake-coder/state.ts";
import { CoderControlPlanes } from "../api/control_plane.ts";
import { Gateways, HTTPRoutes } from "../api/gateway.ts";
import {
  ConfigMaps,
  Deployments,
  HorizontalPodAutoscalers,
  Ingresses,
  Namespaces,
  PodDisruptionBudgets,
  Secrets,
  Services,
} from "../api/kubernetes/resources.ts";
import type { Deployment, HorizontalPodAutoscaler, Pod, Secret } from "../api/kubernetes/types.ts";
import { keyOf, keyText, type KubeObject, type ObjectKey, type ResourceType } from "../api/object.ts";
import {
  CoderWorkspaceProxies,
  type CoderWorkspaceProxy,
  type WorkspaceProxySpecInput,
  type WorkspaceProxyStatus,
} from "../api/workspace_proxy.ts";
import { createDeployments } from "../coder/mod.ts";
import { createListings, type Listings } from "../inventory/mod.ts";
import type { ApplyOptions } from "../kube/applier.ts";
import { canonicalJson } from "../kube/apply/canonical_json.ts";
import { controllerReference, isControlledBy } from "../kube/apply/owner_references.ts";
import { claim } from "../kube/apply/ownership.ts";
import type { DeleteOptions, JsonPatchOperation, PatchBody } from "../kube/client.ts";
import { KubeApiError } from "../kube/errors.ts";
import { EnvSources } from "../operator/children/env_sources.ts";
import { ReferencedData } from "../operator/children/referenced_data.ts";
import { type ControlPlaneAccess, controlPlaneAccess } from "../operator/visit/control_plane_access.ts";
import { readyControlPlane, secretOf } from "../operator/visit/control_plane_testing.ts";
import type { ReconcileResult } from "../reconciler/reconcile.ts";
import { controlledBy, FakeInformer, make } from "../reconciler/testing/fakes.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { conditionOf } from "../workload/conditions.ts";
import { deploymentFacts } from "../workload/deployment_facts.ts";
import { BY_TARGET, targetDeployment } from "../workload/kinds.ts";
import { proxyReconcile, type ReconcilerOptions } from "./reconciler.ts";
import { ProxyResults } from "./results.ts";
import { LABELS } from "./testing.ts";
import { beginVisit, visitResult } from "./visits/controller.ts";
import { registrationStep } from "./visits/registration_step.ts";
import type { Visit, VisitTools } from "./visits/visit.ts";

/** The proxy's key, and those of what it makes. */
export const KEY: ObjectKey = { namespace: "a", name: "eu" };
export const DEPLOYMENT: ObjectKey = { namespace: "a", name: "wsproxy-eu" };
export const TOKEN: ObjectKey = { namespace: "a", name: "eu-proxy-token" };

/** Where users reach the fake Coder. */
export const PUBLIC_URL = "https://coder.example.com";

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

/** See the file's head. `await using` ends the Coder, and fails where a request broke its rules. */
export class World implements AsyncDisposable {
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
  readonly connections = createDeployments();
  /** Only read live. */
  pods: Pod[] = [];
  /** As `apply Deployment wsproxy-eu`, `delete Secret old`, `status`, `get Secret eu-proxy-token`. */
  done: string[] = [];
  /** As `Warning Degraded: …`. */
  events: string[] = [];
  refuse: (verb: string, kind: string, name: string) => unknown = () => undefined;
  /** Milliseconds since 1970, and the monotonic clock, too. */
  ms = Date.parse("2026-01-01T00:00:00Z");
  /** Of the present process; undefined: nobody visits Coder. */
  results: ProxyResults | undefined = new ProxyResults();
  /** News of lists so far. */
  news = 0;
  listings!: Listings;
  /** Propagation of the last delete. */
  propagation: string | undefined;
  /** When the last visit wants another one, in milliseconds. */
  lookAgainMs: number | undefined;
  readonly secretsKept = new Set<string>();
  #access: ControlPlaneAccess | undefined;
  #step = this.#newProcess();
  #version = 100;

  private constructor(
    readonly coder: ClientRig,
    spec: WorkspaceProxySpecInput,
    extra: Partial<KubeObject["metadata"]>,
  ) {
    this.kinds.autoscalers.addIndex(
      BY_TARGET,
      (object) => targetDeployment(object as HorizontalPodAutoscaler),
    );
    this.kinds.workspaceProxies.put({
      ...make(CoderWorkspaceProxies, KEY.name, { namespace: KEY.namespace, uid: "uid-eu", ...extra }),
      spec,
    } as CoderWorkspaceProxy);
    this.kinds.controlPlanes.put(readyControlPlane());
    this.secret({ namespace: "a", name: "coder-operator-token" }, { token: coder.token });
  }

  /** A proxy of the control plane `coder`, unless the spec says where it belongs. */
  static async start(
    spec: WorkspaceProxySpecInput = {},
    extra: Partial<KubeObject["metadata"]> = {},
  ): Promise<World> {
    const coder = await startClientRig();
    await coder.client.licenses.add(fakeLicense());
    coder.fake.state.environment.set("CODER_ACCESS_URL", PUBLIC_URL);
    const belongs = spec.bootstrap ?? spec.controlPlaneRef ?? spec.proxySessionTokenSecretRef;
    const given = belongs === undefined ? { controlPlaneRef: { name: "coder" }, ...spec } : spec;
    return new World(coder, given, extra);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connections.close();
    await this.coder[Symbol.asyncDispose]();
  }

  get now(): Date {
    return new Date(this.ms);
  }

  get object(): CoderWorkspaceProxy {
    const object = this.kinds.workspaceProxies.get(KEY);
    if (object === undefined) throw new Error("the proxy is gone");
    return object as CoderWorkspaceProxy;
  }

  get status(): WorkspaceProxyStatus {
    return this.object.status ?? {};
  }

  get deployment(): Deployment | undefined {
    return this.kinds.deployments.get(DEPLOYMENT) as Deployment | undefined;
  }

  /** Of the pods' container. */
  env(name: string) {
    return this.deployment?.spec?.template.spec?.containers[0]?.env?.find((entry) => entry.name === name);
  }

  /** Proxies that Coder has, the deleted ones left out. */
  get registered(): FakeProxy[] {
    return this.coder.fake.state.proxies.filter(({ deleted }) => !deleted);
  }

  /** The only one of them. */
  get proxy(): FakeProxy {
    const [proxy, ...others] = this.registered;
    if (proxy === undefined || others.length > 0) {
      throw new Error(`Coder has ${this.registered.length} proxies`);
    }
    return proxy;
  }

  /** What a Secret holds. */
  token(key: ObjectKey = TOKEN, name = "token"): string | undefined {
    const encoded = this.#secrets.get(keyText(key))?.data?.[name];
    return encoded === undefined ? undefined : atob(encoded);
  }

  /** Changes the spec as a user does, or the metadata alone. */
  change(spec: WorkspaceProxySpecInput | undefined, metadata: Partial<KubeObject["metadata"]> = {}): void {
    const { object } = this;
    const generation = (object.metadata.generation ?? 0) + (spec === undefined ? 0 : 1);
    const next = { ...object, metadata: { ...object.metadata, generation, ...metadata } };
    this.kinds.workspaceProxies.put(this.#next(spec === undefined ? next : { ...next, spec }));
  }

  /** A user, or a process of before, writes the status. */
  setStatus(status: WorkspaceProxyStatus): void {
    this.kinds.workspaceProxies.put(this.#next({ ...this.object, status }));
  }

  /** Asks for the deletion. */
  delete(metadata: Partial<KubeObject["metadata"]> = {}): void {
    this.change(undefined, { deletionTimestamp: this.now.toISOString(), ...metadata });
  }

  /** Puts a Secret there; nobody's unless the metadata says whose. */
  secret(
    key: ObjectKey,
    data: Readonly<Record<string, string>>,
    metadata: Partial<KubeObject["metadata"]> = {},
  ) {
    const made = secretOf(key, data, `${++this.#version}`);
    this.#store({ ...made, metadata: { ...made.metadata, ...metadata } });
  }

  /** The same, as a child of the proxy. */
  ownSecret(key: ObjectKey, data: Readonly<Record<string, string>>): void {
    this.secret(key, data, { labels: LABELS, ownerReferences: controlledBy(this.object) });
  }

  removeSecret(key: ObjectKey): void {
    this.#secrets.delete(keyText(key));
    const cached = this.kinds.secrets.get(key);
    if (cached !== undefined) this.kinds.secrets.remove(cached);
  }

  /** The Deployment controller and the kubelets have done their work. */
  rollOut(ready = this.deployment?.spec?.replicas ?? 1): void {
    const { deployment } = this;
    if (deployment === undefined) throw new Error("there is no Deployment");
    const all = { replicas: ready, updatedReplicas: ready, readyReplicas: ready, availableReplicas: ready };
    const lastTime = { lastTransitionTime: "2026-01-01T00:00:00Z", lastUpdateTime: "2026-01-01T00:00:00Z" };
    this.kinds.deployments.put({
      ...deployment,
      status: {
        observedGeneration: deployment.metadata.generation ?? 0,
        ...all,
        conditions: [{ type: "Available", status: ready > 0 ? "True" : "False", ...lastTime }],
      },
    } as Deployment);
  }

  /** A proxy as the Go operator leaves it: registered at the fake, Secret, Deployment, status. */
  goOperator({ inCoder = true, withSecret = true } = {}): { id: string; token: string } {
    const id = randomUUID();
    const token = `${id}:${"0123456789abcdef".repeat(4)}`;
    const time = this.coder.fake.state.time();
    const face = {
      name: "eu",
      display_name: "",
      icon_url: "",
      deleted: false,
      created_at: time,
      updated_at: time,
    };
    if (inCoder) this.coder.fake.state.proxies.push({ id, ...face, status: "ok", token });
    if (withSecret) this.ownSecret(TOKEN, { token });
    const containers = [{
      name: "workspace-proxy",
      image: "ghcr.io/coder/coder:latest",
      args: ["wsproxy", "server", "--http-address=0.0.0.0:3001"],
      env: [
        { name: "CODER_PRIMARY_ACCESS_URL", value: this.coder.fake.url },
        {
          name: "CODER_PROXY_SESSION_TOKEN",
          valueFrom: { secretKeyRef: { name: TOKEN.name, key: "token" } },
        },
      ],
    }];
    this.kinds.deployments.put({
      ...make(Deployments, DEPLOYMENT.name, {
        namespace: "a",
        labels: LABELS,
        ownerReferences: controlledBy(this.object),
      }),
      spec: {
        replicas: 1,
        selector: { matchLabels: LABELS },
        template: { metadata: { labels: LABELS }, spec: { containers } },
      },
    } as KubeObject);
    this.rollOut();
    this.setStatus({
      observedGeneration: this.object.metadata.generation ?? 1,
      registered: true,
      proxyTokenSecretRef: { name: TOKEN.name, key: "token" },
      phase: "Ready",
    });
    return { id, token };
  }

  /** One pass. */
  async pass(signal = new AbortController().signal): Promise<ReconcileResult | void> {
    this.done = [];
    return await proxyReconcile(this.#passOptions())(KEY, { signal, log: silentLogger });
  }

  /** One visit; the end where the proxy is being deleted, of which it says what is left. */
  async visit(signal = new AbortController().signal): Promise<string> {
    const { object, results } = this;
    if (results === undefined) throw new Error("nobody visits Coder");
    const uid = object.metadata.uid ?? "";
    const visit = this.#begin(signal);
    if (visit === undefined) return "unreadable";
    const tools = this.tools;
    if (object.metadata.deletionTimestamp !== undefined) {
      const left = await this.#step.end?.(visit, tools).then(() => "", (error: Error) => error.message) ?? "";
      results.setEnded(uid, { done: left === "", message: left });
      return left;
    }
    await this.#step.run(visit, tools);
    this.lookAgainMs = visit.report.lookAgainMs;
    results.set(uid, visitResult(visit));
    return "";
  }

  /** Passes and visits in turn, until pods run and nothing is left to do. Time goes on by `betweenMs` in between. */
  async settle(rounds = 6, betweenMs = 3_000): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      await this.pass();
      if (this.deployment !== undefined) this.rollOut();
      this.ms += betweenMs;
      if (this.results !== undefined) await this.visit();
    }
    await this.pass();
  }

  /** The process ends, and another one begins: what was only remembered is gone. */
  restart(): void {
    this.results = new ProxyResults();
    this.#step = this.#newProcess();
  }

  /** As `False/NameTaken`; undefined where there is none. */
  condition(type: string): string | undefined {
    const found = conditionOf(this.status.conditions, type);
    return found === undefined ? undefined : `${found.status}/${found.reason}`;
  }

  message(type: string): string {
    return conditionOf(this.status.conditions, type)?.message ?? "";
  }

  /** Reasons of the Events so far, which are forgotten by it. */
  told(): string[] {
    return this.events.splice(0).map((event) => event.replace(/:.*/s, ""));
  }

  #begin(signal: AbortSignal): Visit | undefined {
    const { object, results, news } = this;
    const before = results?.get(object.metadata.uid ?? "");
    return beginVisit(KEY, object, { signal, log: silentLogger }, { kinds: this.#kinds, before, news });
  }

  get #kinds(): VisitTools["kinds"] {
    return this.kinds as unknown as VisitTools["kinds"];
  }

  get #client() {
    return {
      get: this.#get,
      update: this.#update,
      patch: this.#patch,
      delete: this.#delete,
      list: this.#list,
    } as unknown as VisitTools["client"];
  }

  get #shared() {
    const event = (_object: unknown, type: string, reason: string, note: string) =>
      void this.events.push(`${type} ${reason}: ${note}`);
    return {
      client: this.#client,
      kinds: this.#kinds,
      applier: { apply: this.#apply, deleteOwned: this.#deleteOwned } as unknown as VisitTools["applier"],
      events: { event },
      redact: (text: string) =>
        [...this.secretsKept].reduce((all, secret) => all.replaceAll(secret, "***"), text),
      now: () => this.now,
    };
  }

  #newProcess() {
    this.#access = undefined;
    this.listings = createListings({
      clock: { now: () => this.ms },
      wallTime: () => this.ms,
      random: () => 0.5,
    });
    return registrationStep({ kinds: this.#kinds, now: () => this.now });
  }

  /** Of visits. */
  get tools(): VisitTools {
    const endpoints = new Map([["a/coder", this.coder.fake.url]]);
    const keepSecret = (...secrets: string[]) => secrets.forEach((secret) => this.secretsKept.add(secret));
    this.#access ??= controlPlaneAccess({
      client: this.#client,
      kinds: this.#kinds,
      deployments: this.connections,
      reach: { endpoints, route: "direct" },
      redact: this.#shared.redact,
      keepSecret,
      now: () => this.now,
    });
    return {
      ...this.#shared,
      keepSecret,
      random: () => 0.5,
      access: this.#access,
      listings: this.listings,
      sleep: (ms) => Promise.resolve(void (this.ms += ms)),
    };
  }

  #passOptions(): ReconcilerOptions {
    const referencedData = new ReferencedData(this.#client, this.#kinds);
    return {
      ...this.#shared,
      referencedData,
      envSources: new EnvSources(referencedData),
      namespaces: [],
      workspaceNamespaces: [],
      clusterDomain: "cluster.local",
      ...(this.results && { results: this.results }),
    };
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
  #update = async (type: ResourceType, object: CoderWorkspaceProxy): Promise<KubeObject> => {
    this.#note("status", "");
    const live = this.#live(type, keyOf(object)) as CoderWorkspaceProxy | undefined;
    if (live === undefined) throw refused(404, "NotFound");
    if (live.metadata.resourceVersion !== object.metadata.resourceVersion) throw refused(409, "Conflict");
    const stored = this.#next({ ...live, ...(object.status && { status: object.status }) });
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
      ...(added && { data: { ...data, ...added } }),
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
