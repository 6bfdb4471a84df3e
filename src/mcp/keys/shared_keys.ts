/** Keys that all replicas share, in a Secret that the first of them makes and any of them renews. */
import { Secrets } from "../../api/kubernetes/resources.ts";
import type { Secret } from "../../api/kubernetes/types.ts";
import type { ObjectKey } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isAlreadyExists, isConflict, isForbidden, isNotFound, KubeApiError } from "../../kube/errors.ts";
import { type Clock, sleep, systemClock, whenAborted } from "../../telemetry/clock.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import { isOld, type KeyRecord, type Keys, keysAt, processKeys, rotated } from "./key_ring.ts";
import { contentOf, KEYS_SECRET, recordOf, secretOf } from "./key_secret.ts";

export interface SharedKeysOptions {
  readonly client: Pick<KubeClient, "get" | "create" | "patch">;
  readonly namespace: string;
  /** @default {"coder-k8s-mcp-keys"} */
  readonly name?: string;
  /** Called for every key, so that no log has it. */
  readonly keepSecret?: (text: string) => void;
  /** Between two looks at the Secret, in milliseconds. @default {20_000} */
  readonly lookMs?: number;
  /** Monotonic. @default {the machine's} */
  readonly clock?: Clock;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly now?: () => number;
  readonly log?: Logger;
  readonly metrics?: Metrics;
}

export interface SharedKeys {
  /** See `ServingWorld.keys`. Until there are shared ones, those of this process. */
  keys(): Keys;
  /** Resolves when it is known which keys count here. Rejects with the reason of `signal`. */
  whenReady(signal: AbortSignal): Promise<void>;
  /** What is wrong with them; empty where all is well. */
  readonly trouble: string;
  /** Looks at the Secret again and again until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Others may write it at the same time, so often at most. */
const MOST_TRIES = 5;
/** Of one call, in milliseconds. */
const CALL_MS = 10_000;
/** Between two tries while nothing is known yet, in milliseconds. */
const FIRST_MS = 1_000;

/** Makes it; nothing is asked before `run`. */
export function createSharedKeys(options: SharedKeysOptions): SharedKeys {
  return new SecretKeys(options);
}

class SecretKeys implements SharedKeys {
  trouble = "not asked for yet";
  readonly #options: SharedKeysOptions;
  readonly #key: ObjectKey;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #own = processKeys();
  readonly #ready = Promise.withResolvers<void>();
  readonly #looks: (result: string) => void;
  #record: KeyRecord | undefined;
  #isSaid = false;

  constructor(options: SharedKeysOptions) {
    const { namespace, name = KEYS_SECRET, log = silentLogger, now = Date.now, metrics = noMetrics } =
      options;
    this.#options = options;
    this.#key = { namespace, name };
    this.#log = log;
    this.#now = now;
    const count = metrics.counter(
      "coder_k8s_mcp_key_reads_total",
      "Looks at the Secret with the signing keys, by what came of them.",
      ["result"],
    );
    this.#looks = (result) => count.inc({ result });
    metrics.gauge(
      "coder_k8s_mcp_keys_shared",
      "1 while signing keys are shared by all replicas, 0 while they are of this process alone.",
      [],
      (gauge) => gauge.set({}, this.#record === undefined ? 0 : 1),
    );
  }

  keys(): Keys {
    return this.#record === undefined ? this.#own() : keysAt(this.#record, this.#now());
  }

  async whenReady(signal: AbortSignal): Promise<void> {
    await Promise.race([this.#ready.promise, whenAborted(signal)]);
    signal.throwIfAborted();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock = systemClock, lookMs = 20_000 } = this.#options;
    while (!signal.aborted) {
      const isKnown = await this.#look(signal);
      await sleep(isKnown ? lookMs : Math.min(FIRST_MS, lookMs), signal, clock);
    }
  }

  /** Whether it is known which keys count. */
  async #look(signal: AbortSignal): Promise<boolean> {
    try {
      this.#take(await this.#read(signal));
      this.trouble = "";
      this.#looks("read");
    } catch (error) {
      if (signal.aborted) return false;
      if (isRefused(error)) this.#refused(error);
      else {
        // What is known stays good for days.
        this.trouble = `the Secret ${this.#key.namespace}/${this.#key.name} cannot be read now`;
        this.#log.warn("the signing keys cannot be read", { error });
        this.#looks("failed");
        return this.#record !== undefined;
      }
    }
    this.#ready.resolve();
    return true;
  }

  #take(record: KeyRecord): void {
    if (this.#record !== undefined && this.#record.since === record.since) return;
    for (const key of [record.current, record.previous]) {
      if (key !== undefined) this.#options.keepSecret?.(key.toBase64());
    }
    this.#record = record;
    this.#isSaid = false;
  }

  #refused(error: unknown): void {
    this.trouble = "";
    this.#looks("refused");
    if (this.#isSaid) return;
    this.#isSaid = true;
    this.#log.warn(
      "signing keys are not shared: sessions and plans end with this process, and no other replica takes them",
      { keptIn: `${this.#key.namespace}/${this.#key.name}`, error },
    );
  }

  /** The keys as they are, made or renewed where that is due. */
  async #read(signal: AbortSignal): Promise<KeyRecord> {
    const { client } = this.#options;
    const call = { signal, timeoutMs: CALL_MS };
    for (let tries = 1;; tries++) {
      try {
        const secret = await found(client.get(Secrets, this.#key, call));
        if (secret === undefined) {
          const record = rotated(undefined, this.#now());
          await client.create(Secrets, secretOf(this.#key, record), call);
          this.#log.info("signing keys were made", { keptIn: `${this.#key.namespace}/${this.#key.name}` });
          return record;
        }
        const record = recordOf(secret);
        if (record !== undefined && !isOld(record, this.#now())) return record;
        return await this.#renew(secret, record, signal);
      } catch (error) {
        // Somebody else was sooner: theirs count.
        const isLost = isAlreadyExists(error) || isConflict(error) || isNotFound(error);
        if (!isLost || tries >= MOST_TRIES) throw error;
      }
    }
  }

  async #renew(secret: Secret, before: KeyRecord | undefined, signal: AbortSignal): Promise<KeyRecord> {
    const record = rotated(before, this.#now());
    const { annotations, data } = contentOf(record);
    const { uid, resourceVersion } = secret.metadata;
    const body = { metadata: { uid, resourceVersion, annotations }, data };
    try {
      await this.#options.client.patch(Secrets, this.#key, { type: "merge", body }, {
        signal,
        timeoutMs: CALL_MS,
      });
    } catch (error) {
      // Old keys are better than none, where they may be read and not written.
      if (before === undefined || !isForbidden(error)) throw error;
      this.#log.warn("signing keys are old, and may not be renewed: grant patch on the Secret", { error });
      return before;
    }
    this.#log.info("signing keys were renewed", { keptIn: `${this.#key.namespace}/${this.#key.name}` });
    return record;
  }
}

async function found(answer: Promise<Secret>): Promise<Secret | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** There will be no answer as long as nobody changes anything: no right, or no such namespace. */
function isRefused(error: unknown): boolean {
  return error instanceof KubeApiError && (error.code === 403 || error.code === 401 || error.code === 404);
}
