/** How namespaces fare: whether one is being deleted, in which nothing is shown, made, or touched in Coder. */
import { Namespaces } from "../api/kubernetes/resources.ts";
import type { Namespace } from "../api/kubernetes/types.ts";
import type { KubeClient } from "../kube/client.ts";
import { isNotFound } from "../kube/errors.ts";
import type { Informer, SharedCache } from "../kube/informer.ts";
import { type Clock, sleep, systemClock, whenAborted } from "../telemetry/clock.ts";
import { type Logger, silentLogger } from "../telemetry/logger.ts";
import type { NamespaceState } from "./resources/write_world.ts";

export interface NamespaceStatesOptions {
  readonly client: Pick<KubeClient, "get">;
  /**
   * The namespaces that there are, by name: rights may end there, so each is asked for alone, again and again. Empty: all
   * of the cluster, which are watched.
   */
  readonly names: readonly string[];
  /** What is watched; it must be the process's one. */
  readonly cache: Pick<SharedCache, "informer">;
  /** Between two looks at those that are asked for, in milliseconds. @default {5_000} */
  readonly everyMs?: number;
  /** @default {the machine's} */
  readonly clock?: Clock;
  readonly log?: Logger;
}

export interface NamespaceStates {
  /**
   * As the API server has it now. Rejects where it does not tell: then nobody knows. One that is not among `names` is
   * not asked for, and taken for active: nothing is served in it, which is what whoever asks is told next.
   */
  state(namespace: string, signal: AbortSignal): Promise<NamespaceState>;
  /**
   * Whether it is being deleted, or was and is gone, as far as this process has heard: a little late, but never after
   * `state` has said so.
   */
  isEnding(namespace: string): boolean;
  /** Whether it is watched, there, and not ending, as far as this process has heard. */
  isActive(namespace: string): boolean;
  /** Hears of every namespace for which {@linkcode isEnding} has changed. Returns the end of it. */
  subscribe(listener: (namespace: string) => void): () => void;
  /** Every namespace has been heard of. */
  readonly hasSynced: boolean;
  /** Keeps up to date until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Those that are gone are remembered, the last so many: what was in them may be heard of for a moment longer. */
const MOST_REMEMBERED = 10_000;

/** Makes it, and declares its kind in the cache; what is not watched is first asked for by `run`. */
export function createNamespaceStates(options: NamespaceStatesOptions): NamespaceStates {
  return new States(options);
}

class States implements NamespaceStates {
  readonly #options: NamespaceStatesOptions;
  readonly #informer: Informer<Namespace> | undefined;
  /** Uids by name, in the order in which they began to end. */
  readonly #ending = new Map<string, string>();
  readonly #listeners = new Set<(namespace: string) => void>();
  readonly #troubles = new Set<string>();
  #isAsked = false;

  constructor(options: NamespaceStatesOptions) {
    this.#options = options;
    if (options.names.length > 0) return;
    // As the controllers declare it: the cache watches a kind once.
    this.#informer = options.cache.informer(Namespaces, { metadataOnly: true });
    this.#informer.subscribe({
      added: (namespace) => this.#heard(nameOf(namespace), namespace),
      updated: (_before, namespace) => this.#heard(nameOf(namespace), namespace),
      // One that went in a moment was never seen ending, and went all the same.
      deleted: (namespace) => this.#ends(nameOf(namespace), uidOf(namespace)),
    });
  }

  get hasSynced(): boolean {
    return this.#informer?.hasSynced ?? this.#isAsked;
  }

  async state(namespace: string, signal: AbortSignal): Promise<NamespaceState> {
    const { names } = this.#options;
    if (names.length > 0 && !names.includes(namespace)) return "active";
    const found = await this.#ask(namespace, signal);
    if (found === undefined) return "missing";
    if (!isEnding(found)) return "active";
    // Another one of the name has been heard of since it was asked for.
    const known = this.#informer?.get({ namespace: "", name: namespace });
    if (known === undefined || uidOf(known) === uidOf(found)) this.#heard(namespace, found);
    return "ending";
  }

  isEnding(namespace: string): boolean {
    return this.#ending.has(namespace);
  }

  isActive(namespace: string): boolean {
    if (this.#informer?.hasSynced !== true || this.#ending.has(namespace)) return false;
    return this.#informer.get({ namespace: "", name: namespace }) !== undefined;
  }

  subscribe(listener: (namespace: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async run(signal: AbortSignal): Promise<void> {
    if (this.#informer !== undefined) return await whenAborted(signal);
    const { names, everyMs = 5_000, clock = systemClock } = this.#options;
    while (!signal.aborted) {
      for (const name of names) await this.#look(name, signal);
      this.#isAsked = true;
      await sleep(everyMs, signal, clock);
    }
  }

  /** One that cannot be asked for stays what it was. */
  async #look(name: string, signal: AbortSignal): Promise<void> {
    try {
      const found = await this.#ask(name, signal);
      this.#troubles.delete(name);
      if (found !== undefined) this.#heard(name, found);
    } catch (error) {
      if (signal.aborted || this.#troubles.has(name)) return;
      this.#troubles.add(name);
      const { log = silentLogger } = this.#options;
      log.warn("whether a namespace is being deleted is not known", { namespace: name, error });
    }
  }

  async #ask(namespace: string, signal: AbortSignal): Promise<Namespace | undefined> {
    const { client } = this.#options;
    try {
      return await client.get(Namespaces, { namespace: "", name: namespace }, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #heard(name: string, namespace: Namespace): void {
    const uid = uidOf(namespace);
    if (isEnding(namespace)) return this.#ends(name, uid);
    // What has begun to end never goes back: this was said before.
    if (!this.#ending.has(name) || this.#ending.get(name) === uid) return;
    this.#ending.delete(name);
    this.#tell(name);
  }

  #ends(name: string, uid: string): void {
    const was = this.#ending.has(name);
    this.#ending.set(name, uid);
    for (const oldest of this.#ending.keys()) {
      if (this.#ending.size <= MOST_REMEMBERED) break;
      this.#ending.delete(oldest);
    }
    if (!was) this.#tell(name);
  }

  #tell(name: string): void {
    for (const listener of this.#listeners) listener(name);
  }
}

function nameOf({ metadata }: Namespace): string {
  return metadata.name ?? "";
}

function uidOf({ metadata }: Namespace): string {
  return metadata.uid ?? "";
}

function isEnding({ metadata }: Namespace): boolean {
  return metadata.deletionTimestamp !== undefined;
}
