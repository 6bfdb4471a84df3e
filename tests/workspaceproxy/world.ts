/** One workspace proxy on a cluster in memory, the passes over it, and its visits to a fake Coder. */
import { randomUUID } from "node:crypto";
import { Deployments } from "../../src/api/kubernetes/resources.ts";
import type { Deployment } from "../../src/api/kubernetes/types.ts";
import type { KubeObject, ObjectKey } from "../../src/api/object.ts";
import {
  CoderWorkspaceProxies,
  type CoderWorkspaceProxy,
  type WorkspaceProxySpecInput,
  type WorkspaceProxyStatus,
} from "../../src/api/workspace_proxy.ts";
import { createDeployments } from "../../src/coder/mod.ts";
import { createListings, type Listings } from "../../src/inventory/mod.ts";
import { EnvSources } from "../../src/operator/children/env_sources.ts";
import { ReferencedData } from "../../src/operator/children/referenced_data.ts";
import {
  type ControlPlaneAccess,
  controlPlaneAccess,
} from "../../src/operator/visit/control_plane_access.ts";
import { readyControlPlane } from "../../src/operator/visit/control_plane_testing.ts";
import type { ReconcileResult } from "../../src/reconciler/reconcile.ts";
import { controlledBy, make } from "../../src/reconciler/testing/fakes.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { conditionOf } from "../../src/workload/conditions.ts";
import { proxyReconcile, type ReconcilerOptions } from "../../src/workspaceproxy/reconciler.ts";
import { ProxyResults } from "../../src/workspaceproxy/results.ts";
import { LABELS } from "../../src/workspaceproxy/testing.ts";
import { beginVisit, visitResult } from "../../src/workspaceproxy/visits/controller.ts";
import { registrationStep } from "../../src/workspaceproxy/visits/registration_step.ts";
import type { Visit, VisitTools } from "../../src/workspaceproxy/visits/visit.ts";
import { type ClientRig, startClientRig } from "../fake-coder/client_rig.ts";
import { fakeLicense } from "../fake-coder/mod.ts";
import type { FakeProxy } from "../fake-coder/state.ts";
import { FakeCluster } from "./fake_cluster.ts";

export { refused } from "./fake_cluster.ts";

/** The proxy's key, and those of what it makes. */
export const KEY: ObjectKey = { namespace: "a", name: "eu" };
export const DEPLOYMENT: ObjectKey = { namespace: "a", name: "wsproxy-eu" };
export const TOKEN: ObjectKey = { namespace: "a", name: "eu-proxy-token" };

/** Where users reach the fake Coder. */
export const PUBLIC_URL = "https://coder.example.com";

/** See the file's head. `await using` ends the Coder, and fails where a request broke its rules. */
export class World extends FakeCluster implements AsyncDisposable {
  readonly connections = createDeployments();
  /** As `Warning Degraded: …`. */
  events: string[] = [];
  /** Of the present process; undefined: nobody visits Coder. */
  results: ProxyResults | undefined = new ProxyResults();
  /** News of lists so far. */
  news = 0;
  listings!: Listings;
  /** When the last visit wants another one, in milliseconds. */
  lookAgainMs: number | undefined;
  readonly secretsKept = new Set<string>();
  #access: ControlPlaneAccess | undefined;
  #step = this.#newProcess();

  private constructor(
    readonly coder: ClientRig,
    spec: WorkspaceProxySpecInput,
    extra: Partial<KubeObject["metadata"]>,
  ) {
    super();
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
  token(key: ObjectKey = TOKEN): string | undefined {
    return this.secretText(key);
  }

  /** Changes the spec as a user does, or the metadata alone. */
  change(spec: WorkspaceProxySpecInput | undefined, metadata: Partial<KubeObject["metadata"]> = {}): void {
    const { object } = this;
    const generation = (object.metadata.generation ?? 0) + (spec === undefined ? 0 : 1);
    const next = { ...object, metadata: { ...object.metadata, generation, ...metadata } };
    this.store(spec === undefined ? next : { ...next, spec } as KubeObject);
  }

  /** A user, or a process of before, writes the status. */
  setStatus(status: WorkspaceProxyStatus): void {
    this.store({ ...this.object, status } as KubeObject);
  }

  /** Asks for the deletion. */
  delete(metadata: Partial<KubeObject["metadata"]> = {}): void {
    this.change(undefined, { deletionTimestamp: this.now.toISOString(), ...metadata });
  }

  /** Puts a Secret there, as a child of the proxy. */
  ownSecret(key: ObjectKey, data: Readonly<Record<string, string>>): void {
    this.secret(key, data, { labels: LABELS, ownerReferences: controlledBy(this.object) });
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

  get #shared() {
    const event = (_object: unknown, type: string, reason: string, note: string) =>
      void this.events.push(`${type} ${reason}: ${note}`);
    return {
      client: this.client,
      kinds: this.#kinds,
      applier: this.applier,
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
      client: this.client,
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
    const referencedData = new ReferencedData(this.client, this.#kinds);
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
}
