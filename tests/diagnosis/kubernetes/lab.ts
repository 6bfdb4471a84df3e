/** A namespace with subjects of a diagnosis: what they are made of is planned first, so that failures can be combined. */
import {
  type CoderClient,
  createBudget,
  createCoderClient,
  createTransport,
} from "../../../src/coder/mod.ts";
import type { CallerCoders } from "../../../src/caller/types.ts";
import type { DiagnosisWorld, SubjectKind } from "../../../src/diagnosis/mod.ts";
import { provisionerName, workspaceProxyName } from "../../../src/workload/names.ts";
import { type Cluster, RestError, waitFor } from "../../cluster/mod.ts";
import { addDaemon, addWorkspace, type FakeCoder, fakeLicense, type FakeUser } from "../../fake-coder/mod.ts";
import { Planted } from "../../mcp/planted_world.ts";
import type { Rights } from "../failure.ts";
import type { DiagnosisRig } from "../prove.ts";
import { merged } from "./merged.ts";
import { BESIDE, KUBELET_LABEL, type LabGround, subjectOf } from "./names.ts";

// deno-lint-ignore no-explicit-any -- objects as the API server gives them
export type Live = any;

const CODER_GROUP = "/apis/coder.com/v1alpha1";
const PATHS: Readonly<Record<string, string>> = {
  CoderControlPlane: `${CODER_GROUP}/NS/codercontrolplanes`,
  CoderProvisioner: `${CODER_GROUP}/NS/coderprovisioners`,
  CoderWorkspaceProxy: `${CODER_GROUP}/NS/coderworkspaceproxies`,
  CoderWorkspace: "/apis/aggregation.coder.com/v1alpha1/NS/coderworkspaces",
  Deployment: "/apis/apps/v1/NS/deployments",
  ReplicaSet: "/apis/apps/v1/NS/replicasets",
  Ingress: "/apis/networking.k8s.io/v1/NS/ingresses",
  HTTPRoute: "/apis/gateway.networking.k8s.io/v1/NS/httproutes",
  NetworkPolicy: "/apis/networking.k8s.io/v1/NS/networkpolicies",
  RoleBinding: "/apis/rbac.authorization.k8s.io/v1/NS/rolebindings",
  Role: "/apis/rbac.authorization.k8s.io/v1/NS/roles",
  Pod: "/api/v1/NS/pods",
  Event: "/api/v1/NS/events",
  Secret: "/api/v1/NS/secrets",
  Service: "/api/v1/NS/services",
  ResourceQuota: "/api/v1/NS/resourcequotas",
  PersistentVolumeClaim: "/api/v1/NS/persistentvolumeclaims",
};

/** Nobody listens there. */
const NOWHERE = "http://127.0.0.1:1";

/** Nothing is served by a name that several have. */
function unclear(error: unknown): undefined {
  if (!(error instanceof RestError && error.status === 400)) throw error;
}

/** Pods that say so wait for the test's kubelet. */
export const HELD = {
  nodeSelector: { [KUBELET_LABEL]: "ours" },
  tolerations: [{ key: "test/logs", operator: "Exists" }],
};

export class Lab implements DiagnosisRig {
  readonly planted = new Planted();
  readonly #plans = new Map<string, object>();
  readonly #made = new Map<string, Promise<string>>();
  #owner: { user: FakeUser; token: string } | undefined;
  readonly #clients: { client: CoderClient; close(): void }[] = [];
  /** Control planes whose Coder does not answer to callers: its pods do not run. */
  readonly away = new Set<string>();

  constructor(readonly ground: LabGround, readonly namespace: string, readonly coder: FakeCoder) {}

  get cluster(): Cluster {
    return this.ground.cluster;
  }

  /** Coder's first user, a licence, and the Secret by which the operator gets in. */
  async begin(): Promise<void> {
    this.#owner = this.coder.state.addOwner();
    this.planted.known(this.#owner.token, "an owner's token");
    this.license();
    this.coder.state.environment.set("CODER_ACCESS_URL", "https://coder.example.com");
    await this.create("Secret", "owner", { stringData: { token: this.#owner.token } });
    const { elsewhere } = this.ground;
    await this.create("Secret", "elsewhere", { stringData: { token: elsewhere.token } });
    const { token } = this.#owner;
    for (const coder of [{ url: this.coder.url, token }, { url: NOWHERE, token }, elsewhere]) {
      const transport = createTransport({ url: coder.url });
      const budget = createBudget({ perMinute: 1_000_000, burst: 1_000_000 });
      const client = createCoderClient({ transport, token: coder.token, budget });
      this.#clients.push({ client, close: () => transport.close() });
    }
  }

  license(): void {
    const jwt = fakeLicense();
    const { licenses } = this.coder.state;
    licenses.push({
      id: this.coder.state.nextLicenseId++,
      uuid: crypto.randomUUID(),
      uploaded_at: this.coder.state.time(),
      claims: JSON.parse(
        new TextDecoder().decode(Uint8Array.fromBase64(jwt.split(".")[1] ?? "", { alphabet: "base64url" })),
      ),
      jwt,
    });
  }

  world(rights: Rights): DiagnosisWorld {
    return { cluster: this.ground.callers[rights].cluster, coders: this.coders, now: Date.now };
  }

  /** Coder as its owner. */
  get coders(): CallerCoders {
    const ref = { id: `${this.namespace}/coder`, namespace: this.namespace, controlPlane: "coder" };
    return {
      list: () => Promise.resolve([ref]),
      open: ({ controlPlane = "coder" }) =>
        Promise.resolve({
          ref: { ...ref, id: `${this.namespace}/${controlPlane}`, controlPlane },
          client: this.#clients[this.away.has(controlPlane) ? 1 : controlPlane === BESIDE ? 2 : 0]!.client,
          as: "caller",
          user: "admin",
        }),
    };
  }

  path(kind: string, name = ""): string {
    const path = PATHS[kind]?.replace("/NS/", `/namespaces/${this.namespace}/`);
    if (path === undefined) throw new Error(`where are objects of kind ${kind}?`);
    return name === "" ? path : `${path}/${name}`;
  }

  find(kind: string, name: string): Promise<Live> {
    return this.cluster.find(this.path(kind, name));
  }

  create(kind: string, name: string, more: object = {}): Promise<Live> {
    const [, group, version] = /^\/apis\/([^/]+)\/([^/]+)/.exec(this.path(kind)) ?? [];
    return this.cluster.request("POST", this.path(kind), {
      apiVersion: group === undefined ? "v1" : `${group}/${version}`,
      kind,
      ...merged({ metadata: { name } }, more),
    });
  }

  patch(kind: string, name: string, patch: object, subresource = ""): Promise<Live> {
    return this.cluster.request("PATCH", `${this.path(kind, name)}${subresource}`, patch);
  }

  async allow(who: string, role: string): Promise<void> {
    await this.create("RoleBinding", `${who}-${role}`, {
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
      subjects: [subjectOf(who)],
    });
  }

  /** Lets somebody read single objects of kinds of the product, and nothing else. */
  async allowOwn(who: string, resources: readonly string[]): Promise<void> {
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: who };
    const apiGroups = ["coder.com", "aggregation.coder.com"];
    const rules = [
      { apiGroups, resources, verbs: ["get"] },
      { apiGroups, resources: ["coderworkspaces/others"], verbs: ["all"] },
    ];
    await this.create("Role", who, { rules });
    await this.create("RoleBinding", who, { roleRef, subjects: [subjectOf(who)] });
  }

  /** What a subject of this name will have in its spec; of a workspace: in that of its pod. Before it is made. */
  plan(name: string, spec: object): void {
    if (this.#made.has(name)) throw new Error(`${name} is made already`);
    this.#plans.set(name, merged(this.#plans.get(name) ?? {}, spec));
  }

  /** Makes a subject once, with all that it needs; its name. */
  make(kind: SubjectKind, name: string): Promise<string> {
    const made = this.#made.get(name) ?? this.#make(kind, name);
    this.#made.set(name, made);
    return made;
  }

  #make(kind: SubjectKind, name: string): Promise<string> {
    if (kind === "controlplane") return this.#controlPlane(name);
    if (kind === "provisioner") return this.#withCoder("CoderProvisioner", name);
    return kind === "proxy" ? this.#withCoder("CoderWorkspaceProxy", name) : this.#workspace(name);
  }

  async #controlPlane(name: string): Promise<string> {
    const plan = this.#plan(name);
    const secret = { name: name === BESIDE ? "elsewhere" : "owner" };
    const access = "operatorAccess" in plan ? {} : { bootstrapTokenSecretRef: secret };
    const spec = merged({ operatorAccess: access, image: "ghcr.io/coder/coder:v2.30.0" }, plan);
    await this.create("CoderControlPlane", name, { spec });
    return name;
  }

  async #withCoder(kind: string, name: string): Promise<string> {
    await this.coderReady();
    const spec = merged({ controlPlaneRef: { name: "coder" } }, this.#plan(name));
    await this.create(kind, name, { spec });
    return name;
  }

  /** The control plane `coder`, with whose Coder the operator talks. */
  async coderReady(): Promise<void> {
    await this.make("controlplane", "coder");
    await this.condition("CoderControlPlane", "coder", "OperatorAccess", "True");
    await waitFor(async () => {
      const { status } = await this.find("CoderControlPlane", "coder");
      return status.externalProvisionerDaemonsEntitlement === "entitled" && status.phase === "Ready";
    }, { what: `${this.namespace}/coder to be ready`, timeoutMs: 120_000 });
  }

  async #workspace(name: string): Promise<string> {
    await this.coderReady();
    const workspace = addWorkspace(this.coder.state, this.#owner!.user, name);
    const build = workspace.latest_build as Record<string, unknown>;
    const at = this.coder.state.time();
    build["resources"] = [{
      id: crypto.randomUUID(),
      name: "main",
      type: "kubernetes_pod",
      agents: [{
        id: crypto.randomUUID(),
        name: "main",
        status: "connected",
        lifecycle_state: "ready",
        created_at: at,
        first_connected_at: at,
        last_connected_at: at,
        started_at: at,
        ready_at: at,
        connection_timeout_seconds: 120,
        troubleshooting_url: "",
        apps: [],
        health: { healthy: true },
      }],
    }];
    // Where two control planes have the lab's Coder, names say which is meant.
    const names = [`coder.admin.${name}`, `coder.coder.admin.${name}`];
    return await waitFor(async () => {
      for (const one of names) {
        if (await this.find("CoderWorkspace", one).catch(unclear) !== undefined) return one;
      }
      return undefined;
    }, { what: `workspace ${name} to be served in ${this.namespace}`, timeoutMs: 120_000 });
  }

  /** The record in Coder of a workspace, by its short name. */
  record(name: string): Live {
    return this.coder.state.workspaces.find((one) => one["name"] === name);
  }

  /** Changes the only agent of a workspace. */
  agent(name: string, changes: object): void {
    Object.assign(this.record(name).latest_build.resources[0].agents[0], changes);
  }

  /** Its agent has not come yet, as with a pod that does not start. */
  waitingAgent(name: string, seconds = 60): void {
    this.agent(name, {
      status: "connecting",
      lifecycle_state: "created",
      created_at: new Date(Date.now() - 1_000 * seconds).toISOString(),
      first_connected_at: null,
      last_connected_at: null,
      started_at: null,
      ready_at: null,
      health: { healthy: false, reason: "agent has not yet connected" },
    });
  }

  /** Labels as Coder's own templates give to what a workspace is made of. */
  labels(name: string): Record<string, string> {
    const { id } = this.record(name);
    return {
      "app.kubernetes.io/name": "coder-workspace",
      "app.kubernetes.io/instance": `coder-workspace-${id}`,
      "com.coder.resource": "true",
      "com.coder.workspace.id": id,
      "com.coder.workspace.name": name,
      "com.coder.user.username": "admin",
    };
  }

  /** The pod of a workspace, once: as planned. */
  async workspacePod(name: string): Promise<string> {
    if (await this.find("Pod", `coder-${name}`) !== undefined) return `coder-${name}`;
    const spec = merged(
      { containers: [{ name: "dev", image: "codercom/enterprise-base:ubuntu" }] },
      this.#plan(name),
    );
    await this.create("Pod", `coder-${name}`, { metadata: { labels: this.labels(name) }, spec });
    return `coder-${name}`;
  }

  #plan(name: string): object {
    return this.#plans.get(name) ?? {};
  }

  planned(name: string): object {
    return this.#plan(name);
  }

  /** Name of the Deployment of a subject that has one. */
  deploymentOf(kind: SubjectKind, name: string): string {
    if (kind === "provisioner") return provisionerName(name);
    return kind === "proxy" ? workspaceProxyName(name) : name;
  }

  /** Its pods, once there is one. */
  async pods(kind: SubjectKind, name: string): Promise<readonly Live[]> {
    if (kind === "workspace") return [await this.find("Pod", await this.workspacePod(name))];
    const deployment = this.deploymentOf(kind, name);
    return await waitFor(async () => {
      const { spec } = await this.find("Deployment", deployment) ?? {};
      if (spec === undefined) return undefined;
      const selector = Object.entries(spec.selector.matchLabels).map((pair) => pair.join("=")).join(",");
      const { items } = await this.cluster.request(
        "GET",
        `${this.path("Pod")}?labelSelector=${encodeURIComponent(selector)}`,
      );
      return items.length > 0 ? items : undefined;
    }, { what: `pods of ${kind} ${this.namespace}/${name}`, timeoutMs: 120_000 });
  }

  /** Waits for a condition of an object, whatever its kind. */
  async condition(kind: string, name: string, type: string, status: string, reason?: string): Promise<Live> {
    return await waitFor(async () => {
      const conditions = (await this.find(kind, name))?.status?.conditions ?? [];
      const found = conditions.find((one: Live) => one.type === type);
      if (found?.status === status && (reason === undefined || found.reason === reason)) return found;
      throw new Error(JSON.stringify(conditions));
    }, {
      what: `${type} of ${kind} ${this.namespace}/${name} to be ${status} ${reason ?? ""}`,
      timeoutMs: 120_000,
    });
  }

  /** An Event of the kubelet or of a controller. */
  async event(about: Live, kind: string, reason: string, message: string, more: object = {}): Promise<void> {
    const at = new Date().toISOString().replace(/\.\d+/, "");
    const { name, uid } = about.metadata;
    const object = { kind, name, uid, namespace: this.namespace, apiVersion: about.apiVersion };
    const event = {
      involvedObject: object,
      type: "Warning",
      reason,
      message,
      count: 3,
      firstTimestamp: at,
      lastTimestamp: at,
      source: { component: "kubelet" },
    };
    await this.create("Event", `${name}.${crypto.randomUUID().slice(0, 12)}`, merged(event, more));
  }

  /** A daemon of Coder for a pod of a provisioner. */
  async daemon(name: string): Promise<void> {
    const key = await waitFor(
      () => Promise.resolve(this.coder.state.provisionerKeys.find((one) => one.name.startsWith(name))),
      { what: `a key of ${name}`, timeoutMs: 120_000 },
    );
    for (const { metadata } of await this.pods("provisioner", name)) {
      addDaemon(this.coder.state, { name: metadata.name, key_id: key.id, tags: key.tags });
    }
  }

  /** Somebody else's trouble. */
  async noise(): Promise<void> {
    const pod = await this.create("Pod", "stranger", {
      metadata: { labels: { app: "stranger" } },
      spec: { ...HELD, containers: [{ name: "web", image: "registry.example.com/stranger:1" }] },
    }).catch((error) => {
      // Where nobody may make pods, one of earlier times is complained of.
      if (!(error instanceof RestError && error.status === 403)) throw error;
      return { apiVersion: "v1", metadata: { name: "stranger", uid: crypto.randomUUID() } };
    });
    const said: readonly (readonly [string, string])[] = [
      ["Failed", 'Failed to pull image "registry.example.com/stranger:1": not found'],
      ["BackOff", "Back-off restarting failed container web in pod stranger"],
      ["Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 500"],
      ["FailedMount", 'MountVolume.SetUp failed for volume "x": secret "nothing" not found'],
    ];
    await Promise.all(said.map(([reason, message]) => this.event(pod, "Pod", reason, message)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const { close } of this.#clients) close();
    return Promise.resolve();
  }
}
