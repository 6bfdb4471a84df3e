/** Records in the API server: compare and swap, whatever becomes of answers. */
import { type CoderControlPlane, CoderControlPlanes } from "../api/control_plane.ts";
import { ConfigMaps } from "../api/kubernetes/resources.ts";
import type { ConfigMap } from "../api/kubernetes/types.ts";
import { keyText, type ObjectKey } from "../api/object.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";
import {
  isAlreadyExists,
  isConflict,
  isNotFound,
  KubeApiError,
  KubeConnectionError,
} from "../kube/errors.ts";
import type { Informer } from "../kube/informer.ts";
import type { Logger } from "../telemetry/logger.ts";
import { type Address, keyFor, type Sort } from "./address.ts";
import {
  addressOf,
  configMapOf,
  isOurs,
  type Kept,
  readConfigMap,
  type Records,
  uidOf,
  writeOf,
} from "./config_map.ts";
import { type KeepingOwner, ShadowTooLargeError } from "./types.ts";

export interface RecordStoreOptions {
  readonly client: KubeClient;
  /** Told of every state that we have written or read. */
  readonly informer: Pick<Informer<ConfigMap>, "get" | "observe" | "observeDeleted">;
  readonly clock: Pick<Clock, "sleep">;
  readonly log: Logger;
  /** Told of what was written where the informer, in doubt after a list, shows it only when its watch does. */
  readonly unseen: (key: ObjectKey, kept: Kept) => void;
  /** Told of every write. */
  readonly counted: (sort: Sort, verb: "write" | "remove", result: "ok" | "conflict" | "error") => void;
}

/** Of one call, in milliseconds: a request of a user waits for it. */
const CALL_MS = 10_000;
/** A call whose answer was lost is made again so often, after so many milliseconds and twice as many each time. */
const RETRIES = 4;
const RETRY_MS = 100;

type Found = { readonly object: ConfigMap; readonly kept: Kept | undefined };

export class RecordStore {
  readonly #options: RecordStoreOptions;
  readonly #complained = new Set<string>();

  constructor(options: RecordStoreOptions) {
    this.#options = options;
  }

  /** As `readConfigMap`; undefined, and logged once, where it cannot be read. */
  parse(object: ConfigMap): Kept | undefined {
    try {
      return readConfigMap(object);
    } catch (error) {
      const { uid = "" } = object.metadata;
      if (!this.#complained.has(uid)) {
        this.#complained.add(uid);
        this.#options.log.warn("a ConfigMap that should hold what Coder has no place for cannot be read", {
          configMap: keyText({
            namespace: object.metadata.namespace ?? "",
            name: object.metadata.name ?? "",
          }),
          why: error instanceof Error ? error.message : String(error),
        });
      }
      return undefined;
    }
  }

  /** What is stored now. What cannot be read, or is of an earlier control plane, is not there. */
  async read<S extends Sort>(
    owner: KeepingOwner,
    address: Address & { readonly sort: S },
    signal: AbortSignal,
  ): Promise<Kept<S> | undefined> {
    return sameUid(owner, (await this.#find(owner, address, signal))?.kept) as Kept<S> | undefined;
  }

  /**
   * Stores where `version` is stored (absent or empty: where nothing is); undefined where somebody else was sooner.
   *
   * @throws {ShadowTooLargeError}
   */
  async write<S extends Sort>(
    owner: KeepingOwner,
    sort: S,
    record: Records[S],
    version: string | undefined,
    signal: AbortSignal,
  ): Promise<Kept<S> | undefined> {
    return await this.#count(sort, "write", async () => {
      const address = addressOf(sort, record);
      const body = configMapOf(owner, address, record, crypto.randomUUID());
      if (version) body.metadata.resourceVersion = version;
      const { informer } = this.#options;
      const key = keyFor(owner, address);
      const before = informer.get(key);
      const stored = await this.#put(owner, address, body, signal);
      if (stored === undefined) return undefined;
      informer.observe(stored);
      const kept = readConfigMap(stored) as Kept<S>;
      // Had the watch been past it, there would be something else. What was not known at all might never be told to be gone.
      if (before !== undefined && informer.get(key) === before) this.#options.unseen(key, kept);
      return kept;
    });
  }

  /** False where something else than `version` is stored, or nothing. */
  async remove(
    owner: KeepingOwner,
    address: Address,
    version: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (version === "") return false;
    const removed = await this.#count(address.sort, "remove", async () => {
      const { client, informer } = this.#options;
      const key = keyFor(owner, address);
      const known = informer.get(key);
      const options = { preconditions: { resourceVersion: version }, signal, timeoutMs: CALL_MS };
      try {
        await this.#insist(signal, () => client.delete(ConfigMaps, key, options), (error, isRepeated) => {
          if (isNotFound(error) && isRepeated) return;
          throw error;
        });
      } catch (error) {
        if (isNotFound(error) || isConflict(error)) return undefined;
        throw error;
      }
      if (known !== undefined) informer.observeDeleted(known);
      return true;
    });
    return removed ?? false;
  }

  async #put(
    owner: KeepingOwner,
    address: Address,
    body: ConfigMap,
    signal: AbortSignal,
  ): Promise<ConfigMap | undefined> {
    const { client } = this.#options;
    const isNew = body.metadata.resourceVersion === undefined;
    const options = { signal, timeoutMs: CALL_MS };
    const send = () =>
      isNew ? client.create(ConfigMaps, body, options) : client.update(ConfigMaps, body, options);
    // What cannot be read, and what is left of an earlier control plane, makes room; each time, somebody may be sooner.
    for (let turn = 0; turn < 3; turn++) {
      const outcome = await this.#insist<ConfigMap | "beaten">(signal, send, async (error, isRepeated) => {
        if (isTooLarge(error)) throw new ShadowTooLargeError(messageOf(error), { cause: error });
        const isBeaten = isNew ? isAlreadyExists(error) : isConflict(error) || isNotFound(error);
        if (!isBeaten) throw error;
        if (!isRepeated) return "beaten";
        // It may be ourselves who were sooner.
        const now = await this.#find(owner, address, signal);
        if (now !== undefined && writeOf(now.object) === writeOf(body)) return now.object;
        throw unknown(body, error);
      });
      if (outcome !== "beaten") return outcome;
      if (!isNew || !await this.#makeRoom(owner, address, signal)) return undefined;
    }
    return undefined;
  }

  /** Whether what is in the way counts for nothing, and has been removed. */
  async #makeRoom(owner: KeepingOwner, address: Address, signal: AbortSignal): Promise<boolean> {
    const { client, informer } = this.#options;
    const key = keyFor(owner, address);
    const found = await this.#find(owner, address, signal);
    if (found === undefined) return true;
    const { object, kept } = found;
    if (!isOurs(object)) {
      throw new Error(
        `The ConfigMap ${
          keyText(key)
        } is needed to keep what Coder has no place for, and lacks the labels of ` +
          "coder-k8s: delete it, or give them back.",
      );
    }
    if (sameUid(owner, kept) !== undefined) return false;
    if (uidOf(object) !== owner.uid) await this.#assertCurrent(owner, signal);
    const { uid = "", resourceVersion = "" } = object.metadata;
    try {
      await client.delete(ConfigMaps, key, {
        preconditions: { uid, resourceVersion },
        signal,
        timeoutMs: CALL_MS,
      });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
      return true;
    }
    informer.observeDeleted(object);
    return true;
  }

  /** A replica that has not heard yet that the control plane was made anew must not undo what another keeps. */
  async #assertCurrent({ controlPlane, uid }: KeepingOwner, signal: AbortSignal): Promise<void> {
    if (controlPlane === undefined) return;
    const live = await this.#options.client.get<CoderControlPlane>(CoderControlPlanes, controlPlane, {
      signal,
      timeoutMs: CALL_MS,
    });
    if (live.metadata.uid === uid) return;
    throw new Error(`The control plane ${keyText(controlPlane)} was deleted and made anew: try again.`);
  }

  async #find(owner: KeepingOwner, address: Address, signal: AbortSignal): Promise<Found | undefined> {
    const { client, informer } = this.#options;
    const key = keyFor(owner, address);
    const before = informer.get(key);
    let object: ConfigMap;
    try {
      object = await this.#insist(
        signal,
        () => client.get(ConfigMaps, key, { signal, timeoutMs: CALL_MS }),
        (error) => {
          throw error;
        },
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // What was known is gone for good, also where news of that are late.
      if (before !== undefined) informer.observeDeleted(before);
      return undefined;
    }
    // An answer that was overtaken by news is no news.
    if (informer.get(key) === before && isOurs(object)) informer.observe(object);
    return { object, kept: this.parse(object) };
  }

  /** Makes a call until it is known what came of it: all that are made with it can be made twice. */
  async #insist<R>(
    signal: AbortSignal,
    send: () => Promise<R>,
    refused: (error: unknown, isRepeated: boolean) => R | Promise<R>,
  ): Promise<R> {
    for (let attempt = 0;; attempt++) {
      try {
        return await send();
      } catch (error) {
        const isLost = !signal.aborted && isAnswerLost(error);
        if (!isLost) return await refused(error, attempt > 0);
        if (attempt >= RETRIES) throw error;
        this.#options.log.debug("what came of a call is not known: it is made again", { error });
        await this.#options.clock.sleep(RETRY_MS * 2 ** attempt, signal);
      }
    }
  }

  async #count<R>(
    sort: Sort,
    verb: "write" | "remove",
    run: () => Promise<R | undefined>,
  ): Promise<R | undefined> {
    try {
      const result = await run();
      this.#options.counted(sort, verb, result === undefined ? "conflict" : "ok");
      return result;
    } catch (error) {
      this.#options.counted(sort, verb, "error");
      throw error;
    }
  }
}

function sameUid(owner: KeepingOwner, kept: Kept | undefined): Kept | undefined {
  return kept?.uid === owner.uid ? kept : undefined;
}

/** It may have been done, or be done yet. */
function isAnswerLost(error: unknown): boolean {
  if (isTooLarge(error)) return false;
  return error instanceof KubeConnectionError || (error instanceof KubeApiError && error.code >= 500);
}

/** Of the request (413), of the object's data (422), or of what etcd takes (500 in some versions). */
function isTooLarge(error: unknown): boolean {
  if (!(error instanceof KubeApiError)) return false;
  return error.code === 413 ||
    ((error.code === 422 || error.code === 500) && /too long|too large/i.test(error.message));
}

function unknown(body: ConfigMap, cause: unknown): Error {
  const where = keyText({ namespace: body.metadata.namespace ?? "", name: body.metadata.name ?? "" });
  return new Error(
    `Whether the ConfigMap ${where} was written is not known: the answer was lost, and it was changed since.`,
    { cause },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
