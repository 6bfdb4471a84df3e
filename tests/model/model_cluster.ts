/**
 * What a cluster does with Deployments: ReplicaSets by the hash of the template, rolling updates as the strategy says,
 * pods whose containers read their credential when they start and keep it, pods that end slowly, the garbage collector.
 * Each does one thing at a time, when it is told to. Not modelled: scheduling, probes, deadlines of rollouts, evictions.
 */
import { Deployments, Pods, Secrets } from "../../src/api/kubernetes/resources.ts";
import type { Deployment, Pod, PodTemplateSpec } from "../../src/api/kubernetes/types.ts";
import { keyOf, keyText, type ObjectKey } from "../../src/api/object.ts";
import { shortHash } from "../../src/kube/apply/canonical_json.ts";
import { sameData } from "../../src/reconciler/same_data.ts";
import { below, pick } from "../../src/telemetry/testing/random.ts";
import { FOREGROUND, type ModelApi } from "./model_api.ts";

/** What nobody but the kubelet knows of a pod. */
export interface PodFacts {
  /** Where its containers get their credential. */
  readonly source: { readonly secret: ObjectKey; readonly key: string } | undefined;
  /** The credential that its container was started with; undefined while none has started. */
  credential: string | undefined;
  /** Where it is being deleted: until when its container takes to end, in milliseconds since 1970. */
  endsAt?: number;
}

export interface ModelClusterOptions {
  readonly api: ModelApi;
  readonly random: () => number;
  /** The environment variables that hold a credential. */
  readonly credentials: readonly string[];
  /** Milliseconds since 1970; pods that are deleted take some time to end. @default they end whenever they are told to */
  readonly now?: () => number;
  /** Whether a container with that credential comes up, and stays up. */
  readonly works: (credential: string, pod: Pod) => boolean;
}

/** One thing that may happen next. */
export interface Move {
  readonly what: string;
  run(): void;
}

/** How long pods take to end: some have nothing to do, others finish a build. In milliseconds. */
const LINGER_MS = [0, 0, 20_000, 200_000] as const;

const HASH_LABEL = "pod-template-hash";

/** See the file's head. */
export class ModelCluster {
  readonly #options: ModelClusterOptions;
  readonly #facts = new Map<string, PodFacts>();
  #names = 0;

  constructor(options: ModelClusterOptions) {
    this.#options = options;
  }

  /** The pods that there are, with what their kubelet knows. */
  pods(): { pod: Pod; facts: PodFacts }[] {
    return this.#options.api.list(Pods).map((pod) => ({ pod, facts: this.#factsOf(pod) }));
  }

  /** All that could happen now. */
  moves(): Move[] {
    const { api } = this.#options;
    return [
      ...api.list(Deployments).flatMap((deployment) => this.#deploymentMoves(deployment)),
      ...this.pods().flatMap(({ pod, facts }) => this.#podMoves(pod, facts)),
      ...api.garbage().map(({ type, object }) => ({
        what: `collects ${type.kind} ${keyText(keyOf(object))}`,
        run: () => api.delete(type, keyOf(object), "collector"),
      })),
    ];
  }

  /** A container dies by itself; its successor reads its credential anew. */
  killContainer(): boolean {
    const running = this.pods().filter(({ facts }) => facts.credential !== undefined);
    if (running.length === 0) return false;
    const { pod, facts } = pick(this.#options.random, running);
    this.#restart(pod, facts);
    return true;
  }

  #deploymentMoves(deployment: Deployment): Move[] {
    const { api, random } = this.#options;
    const { metadata, spec } = deployment;
    const what = `Deployment ${metadata.name}`;
    const pods = this.#podsOf(deployment);
    if (metadata.deletionTimestamp !== undefined) {
      const held = metadata.finalizers?.includes(FOREGROUND) === true;
      const live = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
      if (live.length > 0) return live.map((pod) => this.#end(pod, `${what} is deleted`));
      if (!held || pods.length > 0) return [];
      const finalizers = metadata.finalizers?.filter((each) => each !== FOREGROUND);
      return [{
        what: `${what} is gone`,
        run: () => {
          const { finalizers: _, ...rest } = metadata;
          const left = finalizers === undefined || finalizers.length === 0 ? {} : { finalizers };
          api.update(Deployments, { ...deployment, metadata: { ...rest, ...left } }, "collector");
        },
      }];
    }
    const moves: Move[] = [];
    const status = this.#status(deployment, pods);
    if (!sameData(status, deployment.status ?? {})) {
      moves.push({
        what: `${what}: status`,
        run: () => {
          const written = { ...deployment, status } as Deployment;
          api.update(Deployments, written, "deployment-controller", { subresource: "status" });
        },
      });
    }
    if (spec?.paused === true) return moves;
    const wanted = spec?.replicas ?? 1;
    const template = spec?.template;
    if (template === undefined) return moves;
    const live = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
    const hash = hashOf(template);
    const fresh = live.filter((pod) => pod.metadata.labels?.[HASH_LABEL] === hash);
    const old = live.filter((pod) => !fresh.includes(pod));
    const { surge, unavailable, recreate } = budget(deployment, wanted);
    if (recreate && old.length > 0) {
      moves.push(...old.map((pod) => this.#end(pod, `${what} recreates`)));
      return moves;
    }
    // A Recreate waits for the old pods to be gone, those that are ending included.
    const mayAdd = recreate ? pods.length === fresh.length : live.length < wanted + surge;
    if (fresh.length < wanted && mayAdd) {
      moves.push({ what: `${what}: a pod more`, run: () => this.#createPod(deployment, template, hash) });
    }
    if (fresh.length > wanted) moves.push(this.#end(this.#cheapest(fresh), `${what}: a pod less`));
    if (old.length > 0) {
      const unready = old.filter((pod) => !isReady(pod));
      const ready = live.filter(isReady).length;
      const spare = ready > wanted - unavailable;
      if (unready.length > 0) moves.push(this.#end(pick(random, unready), `${what}: an old pod less`));
      else if (spare) moves.push(this.#end(this.#cheapest(old), `${what}: an old pod less`));
    }
    return moves;
  }

  #podMoves(pod: Pod, facts: PodFacts): Move[] {
    const { api, works } = this.#options;
    const { name } = pod.metadata;
    const moves: Move[] = [];
    if (pod.metadata.deletionTimestamp !== undefined) {
      if ((this.#options.now?.() ?? Infinity) < (facts.endsAt ?? 0)) return moves;
      moves.push({
        what: `pod ${name} has ended`,
        run: () => {
          api.delete(Pods, keyOf(pod), "kubelet", { gracePeriodSeconds: 0 });
          this.#facts.delete(pod.metadata.uid ?? "");
        },
      });
      return moves;
    }
    if (facts.credential === undefined) {
      const credential = this.#read(facts);
      if (credential === undefined) return moves;
      moves.push({ what: `pod ${name} starts`, run: () => void (facts.credential = credential) });
      return moves;
    }
    const good = works(facts.credential, pod);
    if (!good) {
      moves.push({ what: `pod ${name} fails and starts again`, run: () => this.#restart(pod, facts) });
    } else if (!isReady(pod)) {
      moves.push({ what: `pod ${name} is ready`, run: () => this.#setReady(pod, true) });
    }
    // A pod that fails over and over with what there is would be a move for ever.
    return moves.filter(() => good || isReady(pod) || this.#read(facts) !== facts.credential);
  }

  #restart(pod: Pod, facts: PodFacts): void {
    facts.credential = undefined;
    this.#setReady(pod, false);
  }

  #setReady(pod: Pod, ready: boolean): void {
    const { api } = this.#options;
    const live = api.find(Pods, keyOf(pod));
    if (live === undefined || isReady(live) === ready) return;
    const conditions = [{ type: "Ready", status: ready ? "True" : "False" }];
    const status = { ...live.status, phase: "Running", conditions };
    api.update(Pods, { ...live, status }, "kubelet", { subresource: "status" });
  }

  #read({ source }: PodFacts): string | undefined {
    if (source === undefined) return "";
    const encoded = this.#options.api.find(Secrets, source.secret)?.data?.[source.key];
    return encoded === undefined ? undefined : atob(encoded);
  }

  #createPod(deployment: Deployment, template: PodTemplateSpec, hash: string): void {
    const { api } = this.#options;
    const { name = "", namespace = "", uid = "" } = deployment.metadata;
    const { metadata = {}, spec } = template;
    api.create(Pods, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: `${name}-${hash}-${this.#names++}`,
        namespace,
        labels: { ...metadata.labels, [HASH_LABEL]: hash },
        ...(metadata.annotations !== undefined && { annotations: metadata.annotations }),
        // The ReplicaSet between them, which nobody reads, is left out.
        ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name, uid, controller: true }],
      },
      ...(spec !== undefined && { spec }),
    }, "replicaset-controller");
  }

  #end(pod: Pod, why: string): Move {
    const { api, now, random } = this.#options;
    const by = "replicaset-controller";
    return {
      what: `${why} (${pod.metadata.name})`,
      run: () => {
        const facts = this.#factsOf(pod);
        if (facts.credential === undefined) {
          return api.delete(Pods, keyOf(pod), by, { gracePeriodSeconds: 0 });
        }
        const graceMs = (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1_000;
        if (now !== undefined) facts.endsAt = now() + Math.min(graceMs, pick(random, LINGER_MS));
        api.delete(Pods, keyOf(pod), by);
      },
    };
  }

  /** As the ReplicaSet's controller ranks them: unready ones first, then by their cost. */
  #cheapest(pods: readonly Pod[]): Pod {
    const { random } = this.#options;
    const cost = ({ metadata }: Pod) =>
      Number(metadata.annotations?.["controller.kubernetes.io/pod-deletion-cost"] ?? 0);
    const rank = (pod: Pod) => (isReady(pod) ? 1 : 0) * 1e9 + cost(pod);
    const lowest = Math.min(...pods.map(rank));
    return pick(random, pods.filter((pod) => rank(pod) === lowest));
  }

  #podsOf({ metadata: { uid } }: Deployment): Pod[] {
    return this.#options.api.list(Pods).filter((pod) => pod.metadata.ownerReferences?.[0]?.uid === uid);
  }

  #status(deployment: Deployment, pods: readonly Pod[]): unknown {
    const { metadata: { generation }, spec } = deployment;
    const live = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
    const hash = spec?.template === undefined ? "" : hashOf(spec.template);
    const updated = live.filter((pod) => pod.metadata.labels?.[HASH_LABEL] === hash);
    const ready = live.filter(isReady).length;
    const wanted = spec?.replicas ?? 1;
    const { unavailable } = budget(deployment, wanted);
    const complete = updated.length === wanted && live.length === wanted && ready === wanted;
    const some = (name: string, count: number) => count === 0 ? {} : { [name]: count };
    return {
      observedGeneration: generation,
      ...some("replicas", live.length),
      ...some("updatedReplicas", updated.length),
      ...some("readyReplicas", ready),
      ...some("availableReplicas", ready),
      ...some("unavailableReplicas", Math.max(0, wanted - ready)),
      conditions: [
        ready >= wanted - unavailable
          ? { type: "Available", status: "True", reason: "MinimumReplicasAvailable" }
          : {
            type: "Available",
            status: "False",
            reason: "MinimumReplicasUnavailable",
            message: "not enough pods",
          },
        {
          type: "Progressing",
          status: "True",
          reason: complete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
        },
      ],
    };
  }

  #factsOf(pod: Pod): PodFacts {
    const uid = pod.metadata.uid ?? "";
    let facts = this.#facts.get(uid);
    if (facts === undefined) {
      this.#facts.set(uid, facts = { source: this.#sourceOf(pod), credential: undefined });
    }
    return facts;
  }

  #sourceOf({ metadata: { namespace = "" }, spec }: Pod): PodFacts["source"] {
    const source = credentialSource(spec, this.#options.credentials);
    return source && { secret: { namespace, name: source.name }, key: source.key };
  }
}

/** Where a pod's first container gets its credential. */
export function credentialSource(
  spec: PodTemplateSpec["spec"],
  variables: readonly string[],
): { name: string; key: string } | undefined {
  // The last of two equal names counts.
  const entry = spec?.containers[0]?.env?.findLast(({ name }) => variables.includes(name));
  const { name, key } = entry?.valueFrom?.secretKeyRef ?? {};
  return name === undefined || key === undefined ? undefined : { name, key };
}

export function isReady({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp === undefined &&
    status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
}

const hashes = new WeakMap<PodTemplateSpec, string>();

/** Stored objects never change, so that a template is hashed once. */
function hashOf(template: PodTemplateSpec): string {
  let hash = hashes.get(template);
  if (hash === undefined) hashes.set(template, hash = shortHash(template).slice(0, 8));
  return hash;
}

interface Budget {
  readonly surge: number;
  readonly unavailable: number;
  readonly recreate: boolean;
}

function budget({ spec }: Deployment, wanted: number): Budget {
  const { type, rollingUpdate } = spec?.strategy ?? {};
  if (type === "Recreate") return { surge: 0, unavailable: wanted, recreate: true };
  const surge = amount(rollingUpdate?.maxSurge ?? "25%", wanted, Math.ceil);
  const unavailable = amount(rollingUpdate?.maxUnavailable ?? "25%", wanted, Math.floor);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable, recreate: false };
}

function amount(given: number | string, of: number, round: (value: number) => number): number {
  return typeof given === "number" ? given : round(of * Number.parseInt(given, 10) / 100);
}

/** So many different things at most are looked at in one go. */
export function anyMove(cluster: ModelCluster, random: () => number): Move | undefined {
  const moves = cluster.moves();
  return moves.length === 0 ? undefined : moves[below(random, moves.length)];
}
