/** The control plane controller in this process, on a real cluster, for one namespace, under the shipped RBAC. */
import type { CoderControlPlane } from "../../src/api/control_plane.ts";
import type { Condition } from "../../src/api/kubernetes/types.ts";
import {
  controlPlaneController,
  type ControlPlaneControllerOptions,
} from "../../src/controlplane/controller.ts";
import { createOperatorDatabase } from "../../src/coder/database/database.ts";
import { createDeployments } from "../../src/coder/mod.ts";
import { visitController, type VisitControllerOptions } from "../../src/controlplane/coder/controller.ts";
import { VisitResults } from "../../src/controlplane/coder/results.ts";
import { visitSteps } from "../../src/controlplane/coder/steps.ts";
import type { VisitStep, VisitTools } from "../../src/controlplane/coder/visit.ts";
import type { ResourceType } from "../../src/api/object.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { createEventSender } from "../../src/kube/events/events.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { createApplier } from "../../src/kube/apply/server_side_apply.ts";
import { createSharedCache } from "../../src/kube/cache/shared_cache.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Redactor } from "../../src/telemetry/redactor.ts";
import { workloadKinds } from "../../src/workload/kinds.ts";
import { type Cluster, sharedCluster, waitFor } from "../cluster/mod.ts";
import { installOperator, OPERATOR_USER } from "../operator/install.ts";

const CONTROL_PLANES = "/apis/coder.com/v1alpha1/namespaces";
const STOPPED = new Error("the test ends");

/** A running operator. */
export interface Operator extends AsyncDisposable {
  /** Log lines of the operator so far, newest last. */
  readonly lines: string[];
  /** Asks for one more pass over a control plane and waits for its end; the number of passes so far. */
  again(name: string): Promise<number>;
  /** Asks for a visit to a control plane's Coder now. */
  visit(name: string): void;
}

/** What may be changed about it. */
export type OperatorOptions =
  & Partial<
    Pick<ControlPlaneControllerOptions, "reconciler" | "controller" | "workspaceNamespaces" | "clusterDomain">
  >
  & {
    kubeconfig?: string;
    namespaces?: readonly string[];
    /** It works in the whole cluster, but for the control planes of other tests, which are hidden from it. */
    wholeCluster?: boolean;
    /** Turns visits to Coder on: where the Coders are, by the names of their control planes. */
    endpoints?: Readonly<Record<string, string>>;
    /** Replaces parts of the visits. */
    visits?: {
      steps?: readonly VisitStep[];
      tools?: Partial<VisitTools>;
      controller?: VisitControllerOptions["controller"];
    };
  };

/** One test's namespace, with shorthands. */
export interface Rig {
  readonly cluster: Cluster;
  readonly namespace: string;
  operator(options?: OperatorOptions): Promise<Operator>;
  /** Creates a control plane; as the API server then has it. */
  create(name: string, spec?: CoderControlPlane["spec"]): Promise<CoderControlPlane>;
  /** Merge-patches a control plane. */
  change(name: string, patch: object): Promise<CoderControlPlane>;
  controlPlane(name: string): Promise<CoderControlPlane | undefined>;
  /** Any namespaced object, by its resource path such as `apps/v1/deployments/coder`; undefined where there is none. */
  // deno-lint-ignore no-explicit-any -- tests look into objects of any kind
  get(path: string): Promise<any>;
  // deno-lint-ignore no-explicit-any -- tests look into objects of any kind
  send(method: string, path: string, body?: unknown, manager?: string): Promise<any>;
  /** Waits until a condition has a status (`Absent`: is not there), for the current generation. */
  condition(name: string, type: string, status: "True" | "False" | "Absent"): Promise<Condition>;
  /** Waits for a pod that is ready and a status that says so. */
  ready(name: string): Promise<CoderControlPlane>;
  /** Reasons of the Events about a control plane. */
  eventReasons(name: string): Promise<string[]>;
}

const installations = new WeakMap<Cluster, Promise<string>>();

/** Makes a namespace, in the shared cluster or in the one given. CRDs and RBAC are installed once. */
export async function startRig(prefix: string, own?: Cluster): Promise<Rig> {
  const cluster = own ?? await sharedCluster();
  const installed = installations.get(cluster) ?? installOperator(cluster);
  installations.set(cluster, installed);
  const kubeconfig = await installed;
  const namespace = await cluster.newNamespace(prefix);
  const path = (resource: string) => {
    const [first = "", second = "", ...rest] = resource.split("/");
    return first === "v1"
      ? `/api/v1/namespaces/${namespace}/${[second, ...rest].join("/")}`
      : `/apis/${first}/${second}/namespaces/${namespace}/${rest.join("/")}`;
  };
  const one = (name: string) => `${CONTROL_PLANES}/${namespace}/codercontrolplanes/${name}`;
  const rig: Rig = {
    cluster,
    namespace,
    operator: (options = {}) => startOperator({ kubeconfig, namespaces: [namespace], ...options }),
    create: (name, spec = {}) =>
      cluster.request("POST", `${CONTROL_PLANES}/${namespace}/codercontrolplanes`, {
        apiVersion: "coder.com/v1alpha1",
        kind: "CoderControlPlane",
        metadata: { name },
        spec,
      }),
    change: (name, patch) => cluster.request("PATCH", one(name), patch),
    controlPlane: (name) => cluster.find(one(name)),
    get: (resource) => cluster.find(path(resource)),
    send: (method, resource, body, manager) =>
      cluster.request(
        method,
        path(resource) + (manager === undefined ? "" : `?fieldManager=${manager}`),
        body,
      ),
    async condition(name, type, status) {
      return await waitFor(async () => {
        const object = await rig.controlPlane(name);
        if (object?.status?.observedGeneration !== object?.metadata.generation) return undefined;
        const found = object?.status?.conditions?.find((each) => each.type === type);
        if (status === "Absent") {
          return found === undefined
            ? { type, status, reason: "", message: "", lastTransitionTime: "" }
            : undefined;
        }
        return found?.status === status ? found : undefined;
      }, { what: `condition ${type} of ${name} to be ${status}` });
    },
    async ready(name) {
      return await waitFor(async () => {
        const object = await rig.controlPlane(name);
        if (object?.status?.observedGeneration !== object?.metadata.generation) return undefined;
        const is = (type: string, status: string) =>
          object?.status?.conditions?.some((each) => each.type === type && each.status === status) === true;
        return is("Ready", "True") && is("Progressing", "False") ? object : undefined;
      }, { what: `${name} to be ready and rolled out` });
    },
    async eventReasons(name) {
      const list = await rig.get("events.k8s.io/v1/events");
      // deno-lint-ignore no-explicit-any -- events as sent
      return list.items.filter((each: any) => each.regarding?.name === name).map((each: any) => each.reason);
    },
  };
  return rig;
}

/** Waits for a pass that sends nothing but Events; what the cluster still has to tell of Deployments may come first. */
export async function comesToRest(
  { cluster, namespace }: Rig,
  operator: Pick<Operator, "again">,
  name = "coder",
): Promise<void> {
  await waitFor(async () => {
    const mark = await cluster.audit.mark();
    await operator.again(name);
    const entries = (await cluster.audit.since(mark)).requests({ user: OPERATOR_USER, namespace });
    return !entries.some(({ verb, resource }) => verb !== "watch" && resource !== "events");
  }, { what: "a pass that sends nothing" });
}

/** Control planes of one namespace alone, and everything else of the cluster. */
function withoutOthers<T extends KubeClient>(client: T, namespace: string): T {
  const place = ({ plural }: ResourceType) => plural === "codercontrolplanes" ? { namespace } : {};
  const scoped: Partial<KubeClient> = {
    list: (type, options) => client.list(type, { ...options, ...place(type) }),
    watch: (type, options) => client.watch(type, { ...options, ...place(type) }),
  };
  return new Proxy(client, {
    get(target, name) {
      const value = Reflect.get(scoped, name) ?? Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function startOperator(
  options: OperatorOptions & { kubeconfig: string; namespaces: readonly string[] },
): Promise<Operator> {
  const lines: string[] = [];
  const log = createLogger({ level: "debug", format: "json", write: (line) => void lines.push(line) });
  const client = createRestClient({
    connection: loadKubeConfig({ kubeconfig: options.kubeconfig, env: {} }),
    logger: log,
  });
  const [home = ""] = options.namespaces;
  const namespaces = options.wholeCluster ? [] : options.namespaces;
  const seen = options.wholeCluster ? withoutOthers(client, home) : client;
  const cache = createSharedCache({ client: seen, log, freeze: true });
  const redactor = new Redactor();
  const redact = (text: string) => redactor.text(text);
  const recorder = createEventSender({ client, reportingInstance: "test", logger: log, redact });
  const applier = createApplier({ client, cache, log });
  const results = new VisitResults();
  const controller = controlPlaneController({
    client,
    cache,
    applier,
    recorder,
    log,
    redact,
    namespaces,
    ...(options.endpoints && { results }),
    ...(options.workspaceNamespaces && { workspaceNamespaces: options.workspaceNamespaces }),
    ...(options.clusterDomain && { clusterDomain: options.clusterDomain }),
    ...(options.reconciler && { reconciler: options.reconciler }),
    ...(options.controller && { controller: options.controller }),
  });
  const deployments = createDeployments();
  const database = createOperatorDatabase();
  const [namespace = ""] = options.namespaces;
  const visits = options.endpoints === undefined ? undefined : visitController({
    tools: {
      client,
      applier,
      kinds: workloadKinds(cache, namespaces),
      events: recorder,
      database,
      redact,
      keepSecret: (...secrets) => secrets.forEach((secret) => redactor.add(secret)),
      now: () => new Date(),
      random: Math.random,
      ...options.visits?.tools,
    },
    deployments,
    reach: {
      endpoints: new Map(
        Object.entries(options.endpoints).map(([name, url]) => [`${namespace}/${name}`, url]),
      ),
      route: "direct",
    },
    steps: options.visits?.steps ?? visitSteps(),
    results,
    onNews: (key) => controller.enqueue(key),
    log,
    ...(options.visits?.controller && { controller: options.visits.controller }),
  });
  const stop = new AbortController();
  cache.start(stop.signal);
  await cache.whenSynced(AbortSignal.timeout(120_000));
  const signals = { stop: stop.signal, abort: stop.signal };
  const run = Promise.all([controller.run(signals), visits?.run(signals)]);
  const passes = (name: string) =>
    lines.filter((line) =>
      line.includes(`"name":"${name}"`) && line.includes('"controller":"codercontrolplane"') &&
      /"(reconciled|reconcile failed)/.test(line)
    ).length;
  return {
    lines,
    async again(name) {
      const before = passes(name);
      controller.enqueue({ namespace: options.namespaces[0] ?? "", name });
      await waitFor(() => passes(name) > before && controller.inHand().length === 0, {
        what: `one more pass over ${name}`,
        intervalMs: 10,
      });
      return passes(name);
    },
    visit: (name) => visits?.enqueue({ namespace, name }),
    async [Symbol.asyncDispose]() {
      await recorder.close(30_000);
      stop.abort(STOPPED);
      await run;
      deployments.close();
      await database.close();
      await cache.whenStopped();
      client.close();
    },
  };
}
