/**
 * The ground of visits for unit tests: an API server and its cache in memory, fake Coders on real sockets, and what passes
 * do with what visits leave. For tests alone.
 */
import assert from "node:assert/strict";
import {
  type CoderControlPlane,
  CoderControlPlanes,
  type ControlPlaneStatus,
} from "../../src/api/control_plane.ts";
import { type CoderProvisioner, CoderProvisioners, parseProvisioner } from "../../src/api/provisioner.ts";
import {
  Deployments as DeploymentKind,
  HorizontalPodAutoscalers,
  Pods,
  Secrets,
} from "../../src/api/kubernetes/resources.ts";
import type { Deployment, Pod, Secret } from "../../src/api/kubernetes/types.ts";
import { keyOf, keyText, type KubeObject, type ObjectKey, type ResourceType } from "../../src/api/object.ts";
import { createDeployments } from "../../src/coder/mod.ts";
import { createListings } from "../../src/inventory/mod.ts";
import type { Applier, ApplyOptions } from "../../src/kube/applier.ts";
import { claim } from "../../src/kube/apply/ownership.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { isNotFound } from "../../src/kube/errors.ts";
import { controlPlaneAccess } from "../../src/operator/visit/control_plane_access.ts";
import { notFound, readyControlPlane, secretOf } from "../../src/operator/visit/control_plane_testing.ts";
import { changed, controlledBy, FakeInformer, LineLog } from "../../src/reconciler/testing/fakes.ts";
import { seededRandom } from "../../src/telemetry/testing/random.ts";
import { conditionOf, withConditions } from "../../src/workload/conditions.ts";
import type { WorkloadKinds } from "../../src/workload/kinds.ts";
import { BY_INSTANCE, instanceOf, KEY_CHECKSUM } from "../../src/workload/provisioner_pods.ts";
import { type FakeCoder, fakeLicense, startFakeCoder } from "../fake-coder/mod.ts";
import { childLabels, childName, keySecretRef } from "../../src/provisioner/children.ts";
import { KEY_FINALIZER } from "../../src/provisioner/ending.ts";
import { templateChecksum } from "../../src/provisioner/keys/mod.ts";
import { CONTAINER, DAEMON_KEY } from "../../src/provisioner/pod_template.ts";
import type { ProvisionerResult } from "../../src/provisioner/results.ts";
import { withKeys } from "../../src/provisioner/status.ts";
import { liveChecksum } from "../../src/provisioner/template_facts.ts";
import { type SpecInput, storedProvisioner } from "../../src/provisioner/testing.ts";
import { beginVisit, visitResult, visitSteps } from "../../src/provisioner/visits/controller.ts";
import { entitlementStep } from "../../src/provisioner/visits/entitlement_step.ts";
import type { Visit, VisitStep, VisitTools } from "../../src/provisioner/visits/visit.ts";

/** A Coder with a licence, the control plane that runs it, and the operator's token for it. */
export interface Home {
  readonly coder: FakeCoder;
  readonly controlPlane: CoderControlPlane;
  readonly token: string;
}

/** What a test begins with. */
export interface WorldOptions {
  readonly spec?: SpecInput;
  readonly metadata?: Partial<CoderProvisioner["metadata"]>;
  readonly status?: CoderProvisioner["status"];
  readonly edition?: "enterprise" | "agpl";
  /** Of the control plane, beside what gives access. @default {entitled} */
  readonly controlPlaneStatus?: { [F in keyof ControlPlaneStatus]?: ControlPlaneStatus[F] | undefined };
}

/** See the file's head. */
export class VisitWorld implements AsyncDisposable {
  readonly provisioners = new FakeInformer(CoderProvisioners);
  readonly controlPlanes = new FakeInformer(CoderControlPlanes);
  readonly secrets = new FakeInformer(Secrets);
  readonly deployments = new FakeInformer(DeploymentKind);
  readonly pods = new FakeInformer(Pods);
  readonly autoscalers = new FakeInformer(HorizontalPodAutoscalers);
  readonly #informers = [
    this.provisioners,
    this.controlPlanes,
    this.secrets,
    this.deployments,
    this.pods,
    this.autoscalers,
  ];
  readonly #stored = new Map<string, KubeObject>();
  readonly homes: Home[] = [];
  readonly kept: string[] = [];
  readonly events: string[] = [];
  /** Every call to the API server, such as `get secrets a/name`. */
  readonly calls: string[] = [];
  /** Called before a call is carried out; what it throws is the answer. */
  onCall: (what: string) => void = () => {};
  /** How far time has been moved on, in milliseconds. */
  shiftMs = 0;
  /** What counts at most of the time between two looks at it: a machine that stands still makes nothing due. */
  longestPauseMs = 50;
  /** Now, for a fake Coder's own clock goes by the wall's. */
  readonly #startedAt = Date.now();
  #lookedAt = performance.now();
  #passedMs = 0;
  readonly random = seededRandom(1);
  readonly log = new LineLog();
  readonly #stop = new AbortController();
  readonly #endpoints = new Map<string, string>();
  readonly #coders = createDeployments();
  result: ProvisionerResult | undefined;
  #visit: Visit | undefined;
  readonly tools: VisitTools;
  readonly steps: VisitStep[];

  private constructor() {
    this.pods.addIndex(BY_INSTANCE, (pod) => instanceOf(pod as Pod));
    const client = this.client;
    const kinds = this as unknown as WorkloadKinds;
    const now = () => this.now;
    const keepSecret = (...secrets: string[]) => void this.kept.push(...secrets);
    const redact = (text: string) => this.kept.reduce((clean, secret) => clean.replaceAll(secret, "…"), text);
    this.tools = {
      client,
      kinds,
      redact,
      keepSecret,
      now,
      random: () => this.random(),
      applier: this.applier,
      events: { event: (_, type, reason, note) => void this.events.push(`${type} ${reason}: ${note}`) },
      access: controlPlaneAccess({
        client,
        kinds,
        deployments: this.#coders,
        reach: { endpoints: this.#endpoints, route: "direct" },
        redact,
        keepSecret,
        now,
      }),
      listings: createListings({
        wallTime: () => this.now.getTime(),
        clock: { now: () => this.#elapsedMs() + this.shiftMs },
        random: () => 0.5,
      }),
    };
    this.steps = visitSteps(entitlementStep(now));
  }

  /** A provisioner `a/prov` of `a/coder`. `await using` ends it, and fails where a request broke the rules. */
  static async start(options: WorldOptions = {}): Promise<VisitWorld> {
    const world = new VisitWorld();
    const { controlPlaneStatus, edition = "enterprise", metadata, spec, status } = options;
    await world.addHome({ edition, ...(controlPlaneStatus && { status: controlPlaneStatus }) });
    const object = storedProvisioner(spec, { finalizers: [KEY_FINALIZER], ...metadata });
    world.put({ ...object, ...(status !== undefined && { status }) } as CoderProvisioner);
    return world;
  }

  get now(): Date {
    return new Date(this.#startedAt + this.#elapsedMs() + this.shiftMs);
  }

  /** Milliseconds since the start. */
  #elapsedMs(): number {
    const now = performance.now();
    this.#passedMs += Math.min(now - this.#lookedAt, this.longestPauseMs);
    this.#lookedAt = now;
    return this.#passedMs;
  }

  get home(): Home {
    const [first] = this.homes;
    assert.ok(first);
    return first;
  }

  get coder(): FakeCoder {
    return this.home.coder;
  }

  /** One more Coder and its control plane. */
  async addHome(
    { edition = "enterprise", metadata = {}, status = {} }: {
      edition?: "enterprise" | "agpl";
      metadata?: Partial<CoderControlPlane["metadata"]>;
      status?: WorldOptions["controlPlaneStatus"];
    } = {},
  ): Promise<Home> {
    const coder = await startFakeCoder({ edition });
    const { token } = coder.state.addOwner("operator");
    const controlPlane = readyControlPlane(
      { externalProvisionerDaemonsEntitlement: "entitled", ...status },
      { uid: `uid-cp-${this.homes.length}`, ...metadata },
    );
    const { namespace } = keyOf(controlPlane);
    this.#endpoints.set(keyText(keyOf(controlPlane)), coder.url);
    this.put(controlPlane);
    this.put(secretOf({ namespace, name: "coder-operator-token" }, { token }));
    const home = { coder, controlPlane, token };
    this.homes.push(home);
    if (edition === "enterprise") license(coder, true);
    return home;
  }

  /** The provisioner as it is stored. */
  get object(): CoderProvisioner {
    return this.#stored.get("coderprovisioners a/prov") as CoderProvisioner;
  }

  get secret(): Secret | undefined {
    return this.#stored.get("secrets a/prov-provisioner-key") as Secret | undefined;
  }

  /** The key in the Secret. */
  get value(): string | undefined {
    const data = this.secret?.data?.["key"];
    return data === undefined ? undefined : atob(data);
  }

  /** The names of the keys in Coder. */
  keys(coder = this.coder): string[] {
    return coder.state.provisionerKeys.map(({ name }) => name);
  }

  /** True where Coder has the key that is in the Secret. */
  isValid(coder = this.coder): boolean {
    return coder.state.provisionerKeys.some(({ secret }) => secret === this.value);
  }

  /** One visit. What it leaves is in `result`. */
  async visit(): Promise<Visit> {
    const visit = this.#begin();
    for (const step of this.steps) await step.run(visit, this.tools);
    this.result = visitResult(visit);
    return visit;
  }

  /** One visit at the end. */
  async end(): Promise<Visit> {
    const visit = this.#begin();
    for (const step of this.steps) await step.end?.(visit, this.tools);
    return visit;
  }

  #begin(): Visit {
    const key = { namespace: "a", name: "prov" };
    const object = this.provisioners.get(key) as CoderProvisioner;
    const visit = beginVisit(
      key,
      object,
      { log: this.log, signal: this.#stop.signal },
      this.tools.access,
    );
    assert.ok(visit);
    this.#visit = visit;
    return visit;
  }

  /** A pass stores what the last visit found out. */
  store({ cached = true } = {}): void {
    // It comes after the visit: a list that is asked for then is newer than what the visit changed, by a millisecond at least.
    this.shiftMs += 1;
    const { object, result } = this;
    const { namespace } = keyOf(object);
    const conditions = withConditions(
      object.status?.conditions,
      result?.report.conditions ?? [],
      result?.report.absent ?? [],
      { generation: 1, now: this.now },
    );
    const status = withKeys({ ...object.status, conditions }, object.status, result?.keys, namespace);
    this.put(changed(object, {}, { status: JSON.parse(JSON.stringify(status)) }), { cached });
  }

  /** Visits and passes until there is nothing new. */
  async settle(rounds = 10): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      const before = JSON.stringify(this.object.status);
      await this.visit();
      this.store();
      this.roll();
      if (JSON.stringify(this.object.status) === before) return;
    }
    assert.fail("it does not settle");
  }

  /** A pass applies the Deployment with the key's checksum, and the cluster replaces all pods. */
  roll(replicas = 1): void {
    const { checksum } = this.result ?? {};
    if (checksum === undefined) return;
    const before = this.#stored.get("deployments a/provisioner-prov") as Deployment | undefined;
    const wanted = templateChecksum(checksum, liveChecksum(before));
    this.deployment(wanted, { replicas });
    for (const pod of this.pods.list()) this.remove(pod);
    for (let number = 0; number < replicas; number++) this.pod(`p-${wanted.slice(0, 4)}-${number}`, wanted);
  }

  /** The Deployment, complete unless `status` says otherwise. */
  deployment(
    checksum: string,
    { replicas = 1, status }: { replicas?: number; status?: Deployment["status"] } = {},
  ): void {
    const provisioner = parseProvisioner(this.object);
    const labels = childLabels(provisioner);
    this.put({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: {
        name: childName(provisioner),
        namespace: "a",
        uid: "uid-d",
        resourceVersion: `${this.#versions++}`,
        generation: 1,
        labels,
        ownerReferences: controlledBy(this.object),
      },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { annotations: { [KEY_CHECKSUM]: checksum } },
          spec: {
            containers: [{
              name: CONTAINER,
              env: [{ name: DAEMON_KEY, valueFrom: { secretKeyRef: keySecretRef(provisioner) } }],
            }],
          },
        },
      },
      status: {
        observedGeneration: 1,
        replicas,
        updatedReplicas: replicas,
        readyReplicas: replicas,
        availableReplicas: replicas,
        ...status,
      },
    } as Deployment);
  }

  /** A pod that runs with a key. */
  pod(name: string, checksum: string, metadata: Partial<Pod["metadata"]> = {}, ready = true): Pod {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name,
        namespace: "a",
        uid: `uid-${name}`,
        resourceVersion: `${this.#versions++}`,
        labels: childLabels(parseProvisioner(this.object)),
        annotations: { [KEY_CHECKSUM]: checksum },
        ...metadata,
      },
      status: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
    } as Pod;
    this.put(pod);
    return pod;
  }

  #versions = 100;

  /** Changes the spec, as a user. */
  spec(change: SpecInput, annotations?: Record<string, string>): void {
    const { object } = this;
    const generation = (object.metadata.generation ?? 0) + 1;
    const metadata = { generation, ...(annotations !== undefined && { annotations }) };
    this.put(changed(object, metadata, { spec: { ...object.spec, ...change } }));
  }

  /** What the last visit says of a condition, as `status reason`. */
  said(type: string): string | undefined {
    const said = this.result?.report.conditions.find((condition) => condition.type === type);
    return said === undefined ? undefined : `${said.status} ${said.reason}`;
  }

  /** The message of a condition that the last visit told. */
  message(type: string): string {
    return this.result?.report.conditions.find((condition) => condition.type === type)?.message ?? "";
  }

  /** What is stored of a condition, as `status reason`. */
  condition(type: string): string | undefined {
    const condition = conditionOf(this.object.status?.conditions, type);
    return condition === undefined ? undefined : `${condition.status} ${condition.reason}`;
  }

  /** When the last visit wants the next one, in milliseconds. */
  get lookAgainMs(): number | undefined {
    return this.#visit?.report.lookAgainMs;
  }

  /** The API server has it, and the cache sees it unless told otherwise. */
  put(object: KubeObject, { cached = true } = {}): void {
    const informer = this.#informer(object.kind);
    this.#stored.set(`${informer.type.plural} ${keyText(keyOf(object))}`, object);
    const { data: _, ...metadataOnly } = object as Secret;
    if (cached) informer.put(object.kind === "Secret" ? metadataOnly : object);
  }

  remove(object: KubeObject, { cached = true } = {}): void {
    const informer = this.#informer(object.kind);
    this.#stored.delete(`${informer.type.plural} ${keyText(keyOf(object))}`);
    if (cached) informer.remove(object);
  }

  #informer(kind: string): FakeInformer {
    const informer = this.#informers.find(({ type }) => type.kind === kind);
    assert.ok(informer, kind);
    return informer;
  }

  #call(verb: string, type: ResourceType, key: ObjectKey): KubeObject {
    const what = `${type.plural} ${keyText(key)}`;
    this.calls.push(`${verb} ${what}`);
    this.onCall(`${verb} ${what}`);
    const found = this.#stored.get(what);
    if (found === undefined) throw notFound(type, key);
    return found;
  }

  get client(): KubeClient {
    const get: KubeClient["get"] = async (type, key) =>
      await Promise.resolve(this.#call("get", type, key) as never);
    const list: KubeClient["list"] = async (type, { namespace = "" } = {}) => {
      this.calls.push(`list ${type.plural} ${namespace}`);
      const prefix = `${type.plural} ${namespace}/`;
      const items = [...this.#stored].flatMap(([what, object]) => what.startsWith(prefix) ? [object] : []);
      return await Promise.resolve({ items: items as never[], resourceVersion: "1" });
    };
    const patch: KubeClient["patch"] = async (type, key, { body }) => {
      const live = this.#call("patch", type, key);
      const { metadata: { annotations } } = body as {
        metadata: { annotations: Record<string, string | null> };
      };
      const merged = Object.entries({ ...live.metadata.annotations, ...annotations }).filter(([, value]) =>
        value !== null
      );
      const stored = changed(live, { annotations: Object.fromEntries(merged) as Record<string, string> });
      this.#stored.set(`${type.plural} ${keyText(key)}`, stored);
      return await Promise.resolve(stored as never);
    };
    return { get, list, patch } as KubeClient;
  }

  /** Takes what it is given for the whole object, and whoever is named for its owner. */
  get applier(): Applier {
    const apply = async <T extends KubeObject>(
      type: ResourceType<T>,
      desired: T,
      options: ApplyOptions = {},
    ) => {
      const key = keyOf(desired);
      let live: KubeObject | undefined;
      try {
        live = this.#call("apply", type, key);
        claim(type, live, options);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      const { metadata: { resourceVersion = "0", uid = "uid-made" } } = live ?? { metadata: {} };
      const object = {
        ...desired,
        metadata: {
          ...desired.metadata,
          uid,
          resourceVersion: `${Number(resourceVersion) + 1}`,
          ...(options.owner !== undefined && { ownerReferences: controlledBy(options.owner) }),
        },
      };
      this.put(object);
      const outcome = live === undefined ? "created" as const : "configured" as const;
      return await Promise.resolve({ object, outcome });
    };
    return { apply, deleteOwned: () => Promise.resolve(false) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the test ends"));
    this.#coders.close();
    for (const { coder } of this.homes) {
      await coder[Symbol.asyncDispose]();
      coder.assertClean();
    }
  }
}

/** Gives Coder a licence, or takes it away. The control plane's status does not know yet. */
export function license({ state }: FakeCoder, licensed: boolean): void {
  state.licenses.length = 0;
  if (!licensed) return;
  const jwt = fakeLicense();
  const claims = JSON.parse(atob((jwt.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")));
  const id = state.nextLicenseId++;
  state.licenses.push({ id, uuid: crypto.randomUUID(), uploaded_at: state.time(), claims, jwt });
}
