/** The write side of reconcilers: server-side apply that sends nothing where nothing is to change. */
import {
  keyOf,
  keyText,
  type KubeObject,
  type ObjectKey,
  resourceText,
  type ResourceType,
} from "../../api/object.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import {
  APPLIED_ANNOTATION,
  type Applier,
  type ApplyOptions,
  type ApplyOutcome,
  FIELD_MANAGER,
  ForeignObjectError,
} from "../applier.ts";
import { ApplyMemory } from "./apply_memory.ts";
import { callOptions, isInvalid, isMetadataOnly, releasable, valueAt, type Work } from "./apply_work.ts";
import type { KubeClient } from "../client.ts";
import { collidingItems, planReclaim } from "./collisions.ts";
import { differences } from "./contains.ts";
import { deleteOwned } from "./delete_owned.ts";
import { prepare, withPreconditions } from "./desired_object.ts";
import { isConflict, isNotFound } from "../errors.ts";
import type { SharedCache } from "../informer.ts";
import { removeLeftover } from "./leftover.ts";
import { type Claim, claim } from "./ownership.ts";
import { planTakeover } from "./takeover.ts";

/** What an applier works with. */
export interface ApplierOptions {
  client: KubeClient;
  /** Where live objects are read; the results of writes are put there at once. */
  cache: Pick<SharedCache, "informer">;
  log: Logger;
  /** @default nothing is counted */
  metrics?: Metrics;
  /** How often one call starts anew because somebody else wrote in between. @default {8} */
  attempts?: number;
}

/** Makes the {@linkcode Applier} of this product's field manager. */
export function createApplier(options: ApplierOptions): Applier {
  return new ServerSideApplier(options);
}

/**
 * No stored object ever has this resource version (etcd's first write is revision 2), so an apply that carries it creates
 * or is refused with 409: nothing that appeared meanwhile is adopted by accident. A plain POST would do the same, but
 * leaves an `Update` entry among the managers, and with it fields that later applies cannot remove.
 */
const MUST_NOT_EXIST = "1";

interface Result<T> {
  object: T;
  outcome: ApplyOutcome;
}

class ServerSideApplier implements Applier {
  readonly #memory = new ApplyMemory();
  readonly #client: KubeClient;
  readonly #cache: Pick<SharedCache, "informer">;
  readonly #log: Logger;
  readonly #attempts: number;
  readonly #applies;
  readonly #takeovers;

  constructor({ client, cache, log, metrics = noMetrics, attempts = 8 }: ApplierOptions) {
    this.#client = client;
    this.#cache = cache;
    this.#log = log;
    this.#attempts = attempts;
    this.#applies = metrics.counter("coder_k8s_applies_total", "Objects applied, by what came of it.", [
      "resource",
      "outcome",
    ]);
    this.#takeovers = metrics.counter(
      "coder_k8s_takeovers_total",
      "Objects whose managed fields were taken over from an earlier writer.",
      ["resource"],
    );
  }

  async apply<T extends KubeObject>(
    type: ResourceType<T>,
    desired: T,
    options: ApplyOptions = {},
  ): Promise<Result<T>> {
    const resource = resourceText(type);
    try {
      const result = await this.#run(type, desired, options);
      this.#applies.inc({ resource, outcome: result.outcome });
      return result;
    } catch (error) {
      this.#applies.inc({ resource, outcome: error instanceof ForeignObjectError ? "refused" : "failed" });
      throw error;
    }
  }

  async deleteOwned(
    type: ResourceType,
    key: ObjectKey,
    owner: KubeObject,
    signal?: AbortSignal,
  ): Promise<boolean> {
    return await deleteOwned(
      { client: this.#client, informer: this.#cache.informer(type) },
      type,
      key,
      owner,
      signal,
    );
  }

  async #run<T extends KubeObject>(
    type: ResourceType<T>,
    desired: T,
    options: ApplyOptions,
  ): Promise<Result<T>> {
    const key = keyOf(desired);
    const live = this.#cache.informer(type).get(key);
    const prepared = prepare(type, desired, options.owner);
    const work: Work<T> = { ...prepared, type, key, options, live, fresh: false, mustApply: false };
    for (let attempt = 0; attempt < this.#attempts; attempt++) {
      const result = work.live === undefined ? await this.#create(work) : await this.#change(work, work.live);
      if (result !== undefined) return result;
    }
    throw new Error(
      `Applying ${resourceText(type)} ${
        keyText(key)
      } gave way to other writers ${this.#attempts} times; it is tried again later`,
    );
  }

  /** Undefined: it exists already, and is in `work.live` now. */
  async #create<T extends KubeObject>(work: Work<T>): Promise<Result<T> | undefined> {
    try {
      const object = await this.#send(
        work,
        withPreconditions(work.body, { resourceVersion: MUST_NOT_EXIST }),
      );
      return { object, outcome: "created" };
    } catch (error) {
      if (!isConflict(error)) throw error;
      await this.#refresh(work);
      return undefined;
    }
  }

  /** Undefined: `work.live` is newer now, and everything is to be judged again. */
  async #change<T extends KubeObject>(work: Work<T>, live: T): Promise<Result<T> | undefined> {
    const { type, options, hash } = work;
    const right = await this.#claim(work, live);
    if (right === undefined) return undefined;
    if (work.fresh) {
      const plan = planTakeover(live, options.owner, FIELD_MANAGER, releasable(work));
      if (plan !== undefined) {
        await this.#takeOver(work, live, plan);
        return undefined;
      }
    }
    if (right === "ours" && !work.mustApply && this.#isUnchanged(work, live)) {
      if (work.fresh) this.#memory.learn(type, live, hash, differences(live, work.body));
      return { object: live, outcome: "unchanged" };
    }
    if (!work.fresh && this.#needsFresh(work, live, right)) {
      await this.#refresh(work);
      return undefined;
    }
    return await this.#update(work, live, right === "adopt");
  }

  /** Undefined: it was in the way, left behind by an earlier owner of the name, and `work.live` is newer now. */
  async #claim<T extends KubeObject>(work: Work<T>, live: T): Promise<Claim | undefined> {
    const { type, options: { owner, ownerType } } = work;
    try {
      return claim(type, live, work.options);
    } catch (error) {
      if (!(error instanceof ForeignObjectError) || owner === undefined || ownerType === undefined) {
        throw error;
      }
      const call = callOptions(work.options);
      if (!await removeLeftover(this.#client, type, live, { owner, ownerType }, call)) throw error;
    }
    this.#log.info("removed what an earlier object of the same name left behind", {
      resource: resourceText(type),
      object: keyText(work.key),
    });
    await this.#refresh(work);
    return undefined;
  }

  async #update<T extends KubeObject>(
    work: Work<T>,
    live: T,
    adopting: boolean,
  ): Promise<Result<T> | undefined> {
    const { uid, resourceVersion } = live.metadata;
    // The right to adopt was read from exactly this version.
    const preconditions = adopting ? { uid, resourceVersion } : { uid };
    this.#explain(work, live, adopting);
    let object: T;
    try {
      object = await this.#send(work, withPreconditions(work.body, preconditions));
    } catch (error) {
      if (!(isConflict(error) || isInvalid(error))) throw error;
      // Replaced by another of the same name, or controlled by somebody by now: both are seen in a fresh copy. Where
      // nothing of it is new, the object we send is what the server refuses.
      await this.#refresh(work);
      if (isInvalid(error) && await this.#makeRoom(work, uid)) return undefined;
      const same = work.live !== undefined && work.live.metadata.resourceVersion === resourceVersion;
      if (same || (isInvalid(error) && work.live !== undefined && this.#isStillOurs(work, work.live, uid))) {
        throw error;
      }
      return undefined;
    }
    if (planTakeover(object, work.options.owner, FIELD_MANAGER) !== undefined) {
      // Somebody wrote with plain updates since we took the object over, such as the Go operator after a roll-back.
      work.live = object;
      work.fresh = true;
      return undefined;
    }
    const unchanged = object.metadata.resourceVersion === resourceVersion;
    return { object, outcome: unchanged ? "unchanged" : "configured" };
  }

  /** Whether items of others stood in the place of ours, and are ours now, to be removed by the next apply. */
  async #makeRoom<T extends KubeObject>(work: Work<T>, uid: string | undefined): Promise<boolean> {
    const { live, body } = work;
    if (live === undefined || !this.#isStillOurs(work, live, uid)) return false;
    const plan = planReclaim(live, FIELD_MANAGER, collidingItems(live, body));
    if (plan === undefined) return false;
    await this.#takeOver(work, live, plan);
    return true;
  }

  async #takeOver<T extends KubeObject>(
    work: Work<T>,
    live: T,
    plan: NonNullable<ReturnType<typeof planTakeover>>,
  ): Promise<void> {
    const { type, key } = work;
    try {
      work.live = await this.#client.patch(type, key, { type: "json", body: plan }, {
        fieldManager: FIELD_MANAGER,
        ...callOptions(work.options),
      });
    } catch (error) {
      // The test on the resource version answers 422, a race inside the server 409.
      if (!(isConflict(error) || isInvalid(error) || isNotFound(error))) throw error;
      await this.#refresh(work);
      if (work.live?.metadata.resourceVersion === live.metadata.resourceVersion) throw error;
      return;
    }
    work.fresh = true;
    // What the old writer left behind goes with the next apply, even where all that we want is there already.
    work.mustApply = true;
    this.#takeovers.inc({ resource: resourceText(type) });
    this.#log.info("took over managed fields", { resource: resourceText(type), object: keyText(key) });
  }

  #isUnchanged<T extends KubeObject>(work: Work<T>, live: T): boolean {
    const { type, body, hash } = work;
    if (live.metadata.annotations?.[APPLIED_ANNOTATION] !== hash) return false;
    if (this.#memory.knowsVersion(type, live, hash)) return true;
    if (!work.fresh && isMetadataOnly(live, body)) return false;
    return this.#memory.unexplained(type, live, hash, differences(live, body)).length === 0;
  }

  #needsFresh<T extends KubeObject>(work: Work<T>, live: T, right: "ours" | "adopt"): boolean {
    return right === "adopt" || live.metadata.annotations?.[APPLIED_ANNOTATION] === undefined ||
      isMetadataOnly(live, work.body) ||
      releasable(work).some((path) => valueAt(live, path) !== undefined);
  }

  #isStillOurs<T extends KubeObject>(work: Work<T>, live: T, uid: string | undefined): boolean {
    return live.metadata.uid === uid && claim(work.type, live, work.options) === "ours";
  }

  async #send<T extends KubeObject>(work: Work<T>, body: T): Promise<T> {
    const { type, key } = work;
    const object = await this.#client.patch(type, key, { type: "apply", body, force: true }, {
      fieldManager: FIELD_MANAGER,
      ...callOptions(work.options),
    });
    this.#memory.learn(type, object, work.hash, differences(object, work.body));
    this.#cache.informer(type).observe(object);
    return object;
  }

  async #refresh<T extends KubeObject>(work: Work<T>): Promise<void> {
    work.fresh = true;
    try {
      work.live = await this.#client.get(work.type, work.key, callOptions(work.options));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      work.live = undefined;
    }
  }

  #explain<T extends KubeObject>(work: Work<T>, live: T, adopting: boolean): void {
    const facts = { resource: resourceText(work.type), object: keyText(work.key) };
    if (adopting) return this.#log.info("adopting an existing object, as its annotation allows", facts);
    const paths = differences(live, work.body).slice(0, 5).map((difference) => difference.path);
    this.#log.debug("applying", { ...facts, differs: paths });
  }
}
