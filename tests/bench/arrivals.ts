/**
 * Waits for many objects by watching them, as one client would: asking for all of them again and again would take the
 * processor from what is measured.
 */
import { CoderControlPlanes } from "../../src/api/control_plane.ts";
import { Deployments, Services } from "../../src/api/kubernetes/resources.ts";
import type { KubeObject, ResourceType } from "../../src/api/object.ts";
import { createSharedCache } from "../../src/kube/cache/shared_cache.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import type { Informer } from "../../src/kube/informer.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";

/** How many of a kind have arrived. */
export interface Arrival<T extends KubeObject = KubeObject> {
  readonly type: ResourceType<T>;
  /** @default every object counts */
  readonly counts?: (object: T) => boolean;
}

/** What a control plane that was reconciled leaves, as the Go operator was measured: Deployment, Service, `status.url`. */
export const RECONCILED: readonly Arrival[] = [
  {
    type: CoderControlPlanes,
    counts: ({ status }: KubeObject & { status?: { url?: string } }) => (status?.url ?? "") !== "",
  },
  { type: Deployments },
  { type: Services },
];

/** Watches one namespace. */
export class Arrivals implements AsyncDisposable {
  readonly #informers: readonly Informer[];
  readonly #end: () => Promise<void>;

  private constructor(
    readonly arrivals: readonly Arrival[],
    informers: readonly Informer[],
    end: () => Promise<void>,
  ) {
    this.#informers = informers;
    this.#end = end;
  }

  /** Resolves when it sees what there is. */
  static async watch(
    kubeconfig: string,
    namespace: string,
    arrivals: readonly Arrival[],
  ): Promise<Arrivals> {
    const stop = new AbortController();
    const client = createRestClient({
      connection: loadKubeConfig({ kubeconfig, env: {} }),
      userAgent: "bench",
    });
    const cache = createSharedCache({ client });
    const informers = arrivals.map(({ type }) =>
      cache.informer(type, { namespaces: [namespace], transform: withoutSpec })
    );
    cache.start(stop.signal);
    await cache.whenSynced(stop.signal);
    return new Arrivals(arrivals, informers, async () => {
      stop.abort();
      await cache.whenStopped();
      client.close();
    });
  }

  /** Until `count` of each kind have arrived. Throws after `timeoutMs`, and says what is missing. @default {120_000} */
  async all(count: number, timeoutMs = 120_000): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => this.counts().every((each) => each >= count) && resolve();
    const stops = this.#informers.map((informer) =>
      informer.subscribe({ added: look, updated: look, deleted: look })
    );
    const timer = setTimeout(
      () => reject(new Error(`after ${timeoutMs / 1000} s there are ${this.counts()}`)),
      timeoutMs,
    );
    look();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      for (const stop of stops) stop();
    }
  }

  /** How many of each kind there are now. */
  counts(): number[] {
    return this.#informers.map((informer, i) =>
      informer.list().filter(this.arrivals[i]?.counts ?? (() => true)).length
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }
}

function withoutSpec<T extends KubeObject>({ apiVersion, kind, metadata, ...rest }: T): T {
  const status = (rest as { status?: unknown }).status;
  return { apiVersion, kind, metadata, ...(status !== undefined && { status }) } as T;
}
