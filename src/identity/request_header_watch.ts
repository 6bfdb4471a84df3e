/** Follows the ConfigMap in which the API server publishes how callers are authenticated. */
import { ConfigMaps } from "../api/kubernetes/resources.ts";
import type { ConfigMap } from "../api/kubernetes/types.ts";
import { entryMaker } from "../kube/cache/cache_entry.ts";
import { Reflector, type ReflectorTimes } from "../kube/cache/reflector.ts";
import type { StepOptions } from "../kube/cache/reflector_state.ts";
import { StringPool } from "../kube/cache/string_pool.ts";
import type { KubeClient } from "../kube/client.ts";
import { type Clock, systemClock } from "../kube/clock.ts";
import { type Logger, silentLogger } from "../telemetry/logger.ts";
import { type AuthenticationConfig, readAuthenticationConfig, warningsOf } from "./request_header.ts";

/** Where the API server writes it. */
export const AUTHENTICATION_CONFIG_MAP = {
  namespace: "kube-system",
  name: "extension-apiserver-authentication",
} as const;

export interface AuthenticationConfigOptions {
  client: Pick<KubeClient, "list" | "watch">;
  /** @default {AUTHENTICATION_CONFIG_MAP} */
  configMap?: { readonly namespace: string; readonly name: string };
  log?: Logger;
  clock?: Clock;
  /** Deadlines and stall checks of the watch. */
  times?: ReflectorTimes;
  /** Back-off after failures. */
  retry?: StepOptions;
}

/** The configuration as it is now. */
export interface AuthenticationConfigSource {
  /** The last good one; empty before the first. */
  readonly current: AuthenticationConfig;
  /** True once the API server has said what there is, even where that is nothing. */
  readonly hasSynced: boolean;
  /** What is wrong with the watch or with the content, in words; empty when all is well. */
  readonly trouble: string;
  /** Resolves once `hasSynced`; rejects with the signal's reason when it aborts. */
  whenSynced(signal: AbortSignal): Promise<void>;
  /** Calls `listener` after every change of `current`. Returns the function that ends the subscription. */
  subscribe(listener: (config: AuthenticationConfig) => void): () => void;
  /** Watches until `signal` aborts; connections that break are opened again. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Makes a source; nothing is asked before `run`. Needs the Role `extension-apiserver-authentication-reader` in
 * `kube-system`, or get, list and watch on that one ConfigMap.
 */
export function createAuthenticationConfig(options: AuthenticationConfigOptions): AuthenticationConfigSource {
  return new WatchedConfig(options);
}

class WatchedConfig implements AuthenticationConfigSource {
  #current: AuthenticationConfig = {};
  #hasSynced = false;
  #problems: readonly string[] = [];
  readonly #listeners = new Set<(config: AuthenticationConfig) => void>();
  readonly #synced = Promise.withResolvers<void>();
  readonly #reflector: Reflector<ConfigMap>;
  readonly #log: Logger;
  readonly #where: string;

  constructor(options: AuthenticationConfigOptions) {
    const { client, configMap = AUTHENTICATION_CONFIG_MAP, log = silentLogger, clock = systemClock } =
      options;
    const { namespace, name } = configMap;
    this.#where = `ConfigMap ${namespace}/${name}`;
    this.#log = log.child({ configMap: `${namespace}/${name}` });
    const isOurs = ({ metadata }: ConfigMap) => metadata.name === name;
    this.#reflector = new Reflector<ConfigMap>({
      client,
      type: ConfigMaps,
      selection: { namespace, fieldSelector: `metadata.name=${name}` },
      clock,
      log: this.#log,
      ...(options.times === undefined ? {} : { times: options.times }),
      ...(options.retry === undefined ? {} : { step: options.retry }),
      sink: {
        make: entryMaker<ConfigMap>({
          type: ConfigMaps,
          kind: {},
          pool: new StringPool(16),
          freeze: false,
          onError: (what) => this.#log.warn(`${this.#where}: ${what}`),
        }),
        mark: () => 0,
        replace: (entries) => this.#take([...entries.values()].map(({ object }) => object).find(isOurs)),
        put: ({ object }) => isOurs(object) && this.#take(object),
        remove: ({ object }) => isOurs(object) && this.#take(undefined),
      },
    });
  }

  get current(): AuthenticationConfig {
    return this.#current;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  get trouble(): string {
    const notSynced = this.#hasSynced ? [] : [`${this.#where} has not been read yet`];
    return [this.#reflector.trouble || notSynced[0], ...this.#problems]
      .filter((text) => text !== undefined && text !== "").join("; ");
  }

  whenSynced(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    this.#synced.promise.then(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
    return promise;
  }

  subscribe(listener: (config: AuthenticationConfig) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#reflector.run(signal);
  }

  #take(configMap: ConfigMap | undefined): void {
    const before = this.#current;
    const { config, problems } = readAuthenticationConfig(configMap?.data, before);
    const found = configMap === undefined
      ? [`${this.#where} is not there`]
      : problems.map((problem) => `${this.#where}: ${problem}`);
    for (const problem of found) if (!this.#problems.includes(problem)) this.#log.warn(problem);
    this.#problems = found;
    this.#current = config;
    this.#hasSynced = true;
    this.#synced.resolve();
    if (JSON.stringify(config) === JSON.stringify(before)) return;
    for (const warning of warningsOf(config)) this.#log.warn(`${this.#where}: ${warning}`);
    this.#log.info("callers are authenticated by these authorities", factsOf(config));
    for (const listener of [...this.#listeners]) this.#tell(listener);
  }

  /** A listener that throws must not end the watch. */
  #tell(listener: (config: AuthenticationConfig) => void): void {
    try {
      listener(this.#current);
    } catch (error) {
      this.#log.error("a subscriber of the authentication configuration threw", { error });
    }
  }
}

function factsOf({ clientCa, requestHeader }: AuthenticationConfig) {
  return {
    clientAuthorities: clientCa?.authorities.map(({ subjectText }) => subjectText) ?? [],
    frontProxyAuthorities: requestHeader?.ca.authorities.map(({ subjectText }) => subjectText) ?? [],
    frontProxyNames: requestHeader?.allowedNames ?? [],
  };
}
