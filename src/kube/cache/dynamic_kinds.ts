/** Kinds that come and go while the process runs: is a kind served now, and when does that change? */
import {
  apiVersionOf,
  type KubeObject,
  type ObjectKey,
  resourceText,
  type ResourceType,
} from "../../api/object.ts";
import { isRecord } from "../rest/api_errors.ts";
import { backoffDelay } from "./backoff.ts";
import type { KubeClient } from "../client.ts";
import { type Clock, systemClock } from "../clock.ts";
import { isNotFound } from "../errors.ts";
import type { Informer, KindOptions } from "../informer.ts";

/** CustomResourceDefinitions as far as their coming and going is concerned. */
export const CRD_TYPE: ResourceType = {
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
};

/** Names only: a CRD's annotations often hold a copy of the whole of it. */
export const CRD_OPTIONS: KindOptions = {
  metadataOnly: true,
  transform: ({ apiVersion, kind, metadata: { name, uid, resourceVersion } }) => ({
    apiVersion,
    kind,
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
  }),
};

/** What {@linkcode DynamicKinds} needs. */
export interface DynamicKindsOptions {
  client: Pick<KubeClient, "raw">;
  /** The informer of {@linkcode CRD_TYPE}; asked for when it is first needed. */
  crds: () => Informer;
  clock?: Clock;
  random?: () => number;
}

/** How long one question to discovery may take, in milliseconds. */
const DISCOVERY_MS = 10_000;
/** A kind that has no CRD may still come, through an aggregated API: asked so often, in milliseconds. */
const WITHOUT_CRD_MS = 30_000;
/** How often discovery is asked after a CRD went. */
const CRD_GONE_TRIES = 6;
/** Between the two questions that must agree before a kind counts as gone, in milliseconds. */
const CONFIRM_MS = 2_000;

/**
 * Discovery is what decides; the watch of CRDs only says when to ask. Where CRDs may not be watched, discovery is
 * polled with back-off.
 */
export class DynamicKinds {
  readonly #options: DynamicKindsOptions;
  readonly #clock: Clock;
  readonly #listeners = new Map<string, Set<() => void>>();
  #crds: Informer | undefined;

  constructor(options: DynamicKindsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Asks discovery. Throws where it gives no clear answer. */
  async isServed(type: ResourceType, signal: AbortSignal): Promise<boolean> {
    const path = type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
    try {
      const answer = await this.#options.client.raw("GET", path, { signal, timeoutMs: DISCOVERY_MS });
      const resources = isRecord(answer) ? answer["resources"] : undefined;
      if (!Array.isArray(resources)) {
        throw new Error(`GET ${path}: the answer is not a list of the resources of ${apiVersionOf(type)}`);
      }
      return resources.some((resource) => isRecord(resource) && resource["name"] === type.plural);
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  /**
   * Resolves when the kind is served; asks at once, then whenever its CRD changes, and meanwhile with back-off (at
   * most 5 s where the kind is `urgent`, else 30 s; 30 s where no CRD of that name exists). `onAnswer` hears of every
   * answer: `undefined` where it is served, else the error, or null for a plain no.
   */
  async whenServed(
    type: ResourceType,
    signal: AbortSignal,
    options: { urgent: boolean; onAnswer: (error: unknown) => void },
  ): Promise<void> {
    let changed = false;
    let wake = () => {};
    const end = this.onCrdChange(type, () => {
      changed = true;
      wake();
    });
    try {
      for (let failures = 1;; failures++) {
        changed = false;
        try {
          if (await this.isServed(type, signal)) return;
          options.onAnswer(null);
        } catch (error) {
          signal.throwIfAborted();
          options.onAnswer(error);
        }
        const waiting = new AbortController();
        wake = () => waiting.abort();
        if (!changed) await this.#sleep(this.#waitMs(type, failures, options.urgent), signal, waiting);
        signal.throwIfAborted();
        if (changed) failures = 0;
      }
    } finally {
      end();
    }
  }

  /**
   * After the server has answered 404 for a kind: is it gone, rather than not there yet after a restart? Two answers of
   * discovery, two seconds apart, must say so; one is enough where the CRD is known to be gone.
   */
  async isGone(type: ResourceType, signal: AbortSignal): Promise<boolean> {
    try {
      if (await this.isServed(type, signal)) return false;
      if (this.#crdState(type) === "absent") return true;
      await this.#clock.sleep(CONFIRM_MS, signal);
      return !await this.isServed(type, signal);
    } catch {
      return false;
    }
  }

  /** After the CRD of a kind changed: true where it went and took the kind with it. Discovery may lag a little. */
  async hasGoneWithCrd(type: ResourceType, signal: AbortSignal): Promise<boolean> {
    try {
      for (let asked = 1; asked <= CRD_GONE_TRIES && this.#crdState(type) === "absent"; asked++) {
        if (!await this.isServed(type, signal)) return true;
        await this.#clock.sleep(backoffDelay(asked, { initialMs: 250 }, this.#options.random), signal);
      }
    } catch {
      // No clear answer: the watch of the kind itself will tell.
    }
    return false;
  }

  /** Calls `run` after the CRD of that kind came, changed or went. Returns the end of it. */
  onCrdChange(type: ResourceType, run: () => void): () => void {
    this.#watchCrds();
    const name = resourceText(type);
    let listeners = this.#listeners.get(name);
    if (listeners === undefined) this.#listeners.set(name, listeners = new Set());
    listeners.add(run);
    return () => {
      listeners.delete(run);
      if (listeners.size === 0 && this.#listeners.get(name) === listeners) this.#listeners.delete(name);
    };
  }

  #watchCrds(): void {
    if (this.#crds !== undefined) return;
    this.#crds = this.#options.crds();
    const tell = ({ metadata }: KubeObject) => {
      for (const run of [...this.#listeners.get(metadata.name ?? "") ?? []]) run();
    };
    this.#crds.subscribe({ added: tell, updated: (_, after) => tell(after), deleted: tell });
  }

  #crdState(type: ResourceType): "present" | "absent" | "unknown" {
    const crds = this.#crds;
    if (crds === undefined || !crds.hasSynced || crds.trouble !== "") return "unknown";
    return crds.get(crdKey(type)) === undefined ? "absent" : "present";
  }

  #waitMs(type: ResourceType, failures: number, urgent: boolean): number {
    if (this.#crdState(type) === "absent") return WITHOUT_CRD_MS;
    const random = this.#options.random ?? Math.random;
    return backoffDelay(failures, { initialMs: 250, maxMs: urgent ? 4_000 : 24_000 }, random);
  }

  async #sleep(ms: number, signal: AbortSignal, waiting: AbortController): Promise<void> {
    const abort = () => waiting.abort();
    signal.addEventListener("abort", abort, { once: true });
    try {
      if (signal.aborted) return;
      await this.#clock.sleep(ms, waiting.signal);
    } catch {
      // Woken early; the caller looks at why.
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}

function crdKey(type: ResourceType): ObjectKey {
  return { namespace: "", name: resourceText(type) };
}
