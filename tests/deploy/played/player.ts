/**
 * Plays the pods of an installed product: KWOK says that they run, and here they do. It follows the Deployments of the
 * cluster as the Deployment controller, the kubelet and kube-proxy would, whoever installs, scales, rolls or deletes
 * them. The pods of KWOK stay what they are, ready at once: what is ready here is known to `pods` alone.
 */
import { type Cluster, sleep, waitFor } from "../../cluster/mod.ts";
import { restAfter, type RolloutPod, rolloutStep } from "./rollout.ts";
import { type PlayedPod, startPod } from "./pod.ts";
import { type Route, startRoute } from "./route.ts";
import { isPlayable, type PodTemplate, selects, serverBehind } from "./template.ts";

const API_SERVICE = "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.aggregation.coder.com";
/** Between two looks at the cluster, in milliseconds. */
const LOOK_MS = 250;
/** Long enough for programs that start from source on a busy machine, in milliseconds. */
const PATIENCE_MS = 240_000;
/** The port of the MCP Service. */
const MCP_PORT = 8090;

export interface PlayOptions {
  /** Names of Deployments. @default all of the product, in all namespaces */
  readonly deployments?: readonly string[];
  /** How many pods each Deployment has here. @default what it says itself */
  readonly replicas?: number;
  /** A compiled binary. @default {from source} */
  readonly binary?: string;
  /** Further flags of all pods, such as `--control-plane-endpoint=namespace/name=URL`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine?: (pod: string, line: string) => void;
}

/** Dispose of it with `await using`: the pods end, and with them the APIService, which would hold up namespaces. */
export interface PlayedPods extends AsyncDisposable {
  /** Those that are not told to end. */
  readonly pods: readonly PlayedPod[];
  /** The MCP Service, in front of the ready pods. */
  readonly mcpUrl: string;
  /** The aggregated API's Service, on 127.0.0.1. */
  readonly apiPort: number;
  /** What kept pods from being started, as Events would say it. */
  readonly troubles: readonly string[];
  /** Waits until each Deployment has the pods that it wants, of its newest template, all of them ready. */
  settled(timeoutMs?: number): Promise<void>;
  /** `kubectl rollout restart`, and waits until all pods are new ones and ready. */
  rollout(deployment: { namespace: string; name: string }, timeoutMs?: number): Promise<void>;
  /** Kills all pods, and starts none any more: nobody answers, and the APIService is left as it is. */
  halt(): Promise<void>;
}

interface Deployment {
  readonly metadata: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly spec: { readonly replicas: number; readonly template: PodTemplate };
}

interface Service {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec: {
    readonly type?: string;
    readonly externalName?: string;
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly { readonly port: number; readonly targetPort?: number | string }[];
  };
}

interface Entry extends RolloutPod {
  readonly pod: PlayedPod;
  readonly owner: string;
}

/** Begins to play. Returns at once: what is installed later is played, too. */
export async function playPods(cluster: Cluster, options: PlayOptions = {}): Promise<PlayedPods> {
  const player = new Player(cluster, options, await Deno.makeTempDir({ prefix: "coder-k8s-played-" }));
  player.begin();
  return player;
}

class Player implements PlayedPods {
  readonly #stop = new AbortController();
  readonly #ending = new Set<Promise<void>>();
  readonly #starts = new Map<string, { failures: number; notBefore: number }>();
  #entries: Entry[] = [];
  #deployments: Deployment[] = [];
  #apiService: { service: Service; port: number } | undefined;
  #mcpService: Service | undefined;
  #halted = false;
  #serial = 0;
  #troubles: string[] = [];
  #loop: Promise<void> = Promise.resolve();
  readonly #api: Route;
  readonly #mcp: Route;

  constructor(
    private readonly cluster: Cluster,
    private readonly options: PlayOptions,
    private readonly directory: string,
  ) {
    this.#api = startRoute(() => this.#targets(this.#apiService?.service, this.#apiService?.port));
    this.#mcp = startRoute(() => this.#targets(this.#mcpService, MCP_PORT));
  }

  get pods(): PlayedPod[] {
    return this.#entries.map(({ pod }) => pod);
  }
  get troubles(): readonly string[] {
    return this.#troubles;
  }
  get apiPort(): number {
    return this.#api.port;
  }
  get mcpUrl(): string {
    const isTls = this.#entries.some(({ pod }) =>
      pod.template.spec.containers[0]?.args?.some((arg) => arg.startsWith("--mcp-tls-cert-file"))
    );
    return `${isTls ? "https" : "http"}://127.0.0.1:${this.#mcp.port}/mcp`;
  }

  begin(): void {
    this.#loop = (async () => {
      while (!this.#stop.signal.aborted) {
        await this.#look().catch((error) => this.#trouble(error));
        await sleep(LOOK_MS, this.#stop.signal).catch(() => {});
      }
    })();
  }

  /** One round: what there is, what is to be done, doing it. */
  async #look(): Promise<void> {
    if (this.#halted) return;
    const { items } = await this.cluster.request("GET", "/apis/apps/v1/deployments");
    const wanted = (items as Deployment[]).filter(({ metadata, spec }) =>
      isPlayable(spec.template) && (this.options.deployments?.includes(metadata.name) ?? true)
    );
    this.#deployments = wanted;
    await this.#follow();
    this.#forgetEnded();
    for (const deployment of wanted) await this.#step(deployment);
    const uids = wanted.map(({ metadata }) => metadata.uid);
    for (const entry of this.#entries.filter(({ owner }) => !uids.includes(owner))) this.#end(entry);
  }

  async #step(deployment: Deployment): Promise<void> {
    const { uid } = deployment.metadata;
    const template = JSON.stringify(deployment.spec.template);
    const own = this.#entries.filter(({ owner }) => owner === uid);
    const step = rolloutStep(own, template, this.options.replicas ?? deployment.spec.replicas);
    for (const entry of step.end) this.#end(entry);
    for (let count = 0; count < step.start && !this.#stop.signal.aborted && !this.#halted; count++) {
      await this.#start(deployment, template);
    }
  }

  async #start({ metadata, spec }: Deployment, template: string): Promise<void> {
    const { namespace, name, uid } = metadata;
    const rest = this.#starts.get(uid);
    if (rest !== undefined && performance.now() < rest.notBefore) return;
    const serviceAccount = spec.template.spec.serviceAccountName ?? "default";
    try {
      if (!await this.cluster.find(`/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}`)) {
        throw new Error(`the ServiceAccount ${serviceAccount} is not there`);
      }
      const podName = `${name}-played-${this.#serial++}`;
      const { onLine } = this.options;
      const pod = await startPod(this.cluster, this.directory, {
        name: podName,
        namespace,
        deployment: name,
        template: spec.template,
        binary: this.options.binary,
        args: this.options.args ?? [],
        env: this.options.env ?? {},
        onLine: onLine && ((line) => onLine(podName, line)),
      });
      this.#entries.push({
        pod,
        owner: uid,
        template,
        get isReady() {
          return pod.isReady;
        },
      });
      if (this.#stop.signal.aborted || this.#halted) await pod.end("SIGKILL");
    } catch (error) {
      this.#trouble(error, `${namespace}/${name}: `);
      this.#restAfterFailure(uid);
    }
  }

  #end(entry: Entry): void {
    this.#entries = this.#entries.filter((one) => one !== entry);
    const task: Promise<void> = entry.pod.end("SIGTERM").then(() => void this.#ending.delete(task));
    this.#ending.add(task);
  }

  /** Those that ended by themselves are started anew, at once at first, later with pauses. */
  #forgetEnded(): void {
    for (const entry of this.#entries.filter(({ pod }) => pod.isOver)) {
      this.#entries = this.#entries.filter((one) => one !== entry);
      const tail = entry.pod.process.lines.slice(-5).join("\n");
      this.#trouble(new Error(`it has ended\n${tail}`), `${entry.pod.name}: `);
      this.#restAfterFailure(entry.owner);
    }
    for (const { owner, pod } of this.#entries) if (pod.isReady) this.#starts.delete(owner);
  }

  #restAfterFailure(uid: string): void {
    const failures = (this.#starts.get(uid)?.failures ?? 0) + 1;
    this.#starts.set(uid, { failures, notBefore: performance.now() + restAfter(failures) });
  }

  #trouble(error: unknown, where = ""): void {
    const text = `${where}${error instanceof Error ? error.message : error}`;
    if (this.#troubles.at(-1) !== text) this.#troubles = [...this.#troubles.slice(-50), text];
  }

  /** Keeps the ways to the pods: the APIService leads to a name and a port that this machine has. */
  async #follow(): Promise<void> {
    const apiService = await this.cluster.find(API_SERVICE);
    const reference = apiService?.spec.service;
    if (reference !== undefined) {
      const path = `/api/v1/namespaces/${reference.namespace}/services/${reference.name}`;
      const service: Service | undefined = await this.cluster.find(path);
      if (service === undefined) this.#apiService = undefined;
      else {
        const port = reference.port === this.#api.port ? this.#apiService?.port ?? 443 : reference.port;
        this.#apiService = { service, port };
        const spec = { type: "ExternalName", externalName: "localhost" };
        if (service.spec.type !== spec.type || service.spec.externalName !== spec.externalName) {
          await this.#patch(path, { spec });
        }
        if (reference.port !== this.#api.port) {
          await this.#patch(API_SERVICE, { spec: { service: { port: this.#api.port } } });
        }
      }
    }
    const { items } = await this.cluster.request("GET", "/api/v1/services");
    this.#mcpService = (items as Service[]).find(({ spec }) =>
      spec.ports?.some(({ port }) => port === MCP_PORT) === true &&
      this.#deployments.some(({ spec: { template } }) => selects(spec.selector, template.metadata?.labels))
    );
  }

  async #patch(path: string, patch: object): Promise<void> {
    await this.cluster.request("PATCH", `${path}?fieldManager=played-pods`, patch);
  }

  /** Ports of the ready pods behind a Service. */
  #targets(service: Service | undefined, port: number | undefined): number[] {
    const servicePort = service?.spec.ports?.find((one) => one.port === port);
    if (service === undefined || servicePort === undefined) return [];
    return this.#entries.flatMap(({ pod }) => {
      const [container] = pod.template.spec.containers;
      const isBehind = pod.isReady && pod.namespace === service.metadata.namespace &&
        selects(service.spec.selector, pod.template.metadata?.labels);
      if (!isBehind) return [];
      const server = serverBehind(servicePort.targetPort, servicePort.port, container!);
      return server === undefined ? [] : pod.port(server) ?? [];
    });
  }

  async settled(timeoutMs = PATIENCE_MS): Promise<void> {
    await waitFor(async () => {
      const { items } = await this.cluster.request("GET", "/apis/apps/v1/deployments");
      const wanted = (items as Deployment[]).filter(({ metadata, spec }) =>
        isPlayable(spec.template) && (this.options.deployments?.includes(metadata.name) ?? true)
      );
      return wanted.length > 0 && wanted.every(({ metadata, spec }) => {
        const own = this.#entries.filter(({ owner }) => owner === metadata.uid);
        const template = JSON.stringify(spec.template);
        return own.length === (this.options.replicas ?? spec.replicas) &&
          own.every((entry) => entry.isReady && entry.template === template);
      });
    }, { timeoutMs, what: "the played pods to be ready" }).catch((error) => {
      throw new Error(
        `${error.message}\n${this.#troubles.join("\n")}\n${
          this.#entries.map(({ pod }) => `${pod.name}:\n${pod.process.lines.slice(-15).join("\n")}`).join(
            "\n",
          )
        }`,
      );
    });
  }

  async rollout({ namespace, name }: { namespace: string; name: string }, timeoutMs = PATIENCE_MS) {
    const annotations = { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() };
    await this.#patch(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}`, {
      spec: { template: { metadata: { annotations } } },
    });
    await this.settled(timeoutMs);
    await Promise.all(this.#ending);
  }

  async halt(): Promise<void> {
    this.#halted = true;
    await this.#endAll("SIGKILL");
  }

  async #endAll(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const all = this.#entries;
    this.#entries = [];
    await Promise.all([...all.map(({ pod }) => pod.end(signal)), ...this.#ending]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("nobody plays any more"));
    await this.#loop;
    await this.cluster.request("DELETE", API_SERVICE).catch(() => {});
    await this.#endAll("SIGTERM");
    await Promise.all([this.#api[Symbol.asyncDispose](), this.#mcp[Symbol.asyncDispose]()]);
    await Deno.remove(this.directory, { recursive: true });
  }
}
