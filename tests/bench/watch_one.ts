/** Waits for one object to be as it should, by a watch. */
import type { KubeObject, ObjectKey, ResourceType } from "../../src/api/object.ts";
import { createSharedCache } from "../../src/kube/cache/shared_cache.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import type { Informer } from "../../src/kube/informer.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";

/** See the file's head. `await using` ends the watch. */
export class WatchedObject<T extends KubeObject> implements AsyncDisposable {
  private constructor(
    private readonly key: ObjectKey,
    private readonly informer: Informer<T>,
    private readonly end: () => Promise<void>,
  ) {}

  /** Resolves when it sees what there is, which need not have the object yet. */
  static async open<T extends KubeObject>(
    kubeconfig: string,
    type: ResourceType<T>,
    key: ObjectKey & { namespace: string },
  ): Promise<WatchedObject<T>> {
    const stop = new AbortController();
    const client = createRestClient({
      connection: loadKubeConfig({ kubeconfig, env: {} }),
      userAgent: "bench",
    });
    const cache = createSharedCache({ client });
    const informer = cache.informer(type, { namespaces: [key.namespace] });
    cache.start(stop.signal);
    await cache.whenSynced(stop.signal);
    return new WatchedObject(key, informer, async () => {
      stop.abort();
      await cache.whenStopped();
      client.close();
    });
  }

  /** As it was last seen. */
  get now(): T | undefined {
    return this.informer.get(this.key);
  }

  /** Throws after `timeoutMs`, and says how the object was. @default {timeoutMs: 120_000} */
  async until(isSo: (object: T) => boolean, what: string, timeoutMs = 120_000): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      const object = this.now;
      if (object !== undefined && isSo(object)) resolve();
    };
    const stop = this.informer.subscribe({ added: look, updated: look, deleted: look });
    const timer = setTimeout(() => {
      const seen = JSON.stringify((this.now as { status?: unknown } | undefined)?.status);
      reject(new Error(`waited ${timeoutMs / 1_000} s for ${what}; status: ${seen}`));
    }, timeoutMs);
    look();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      stop();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}
