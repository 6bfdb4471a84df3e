/** What ConfigMaps and Secrets hold, as hashes: read once for each version of an object, and no value is kept. */
import { createHash } from "node:crypto";
import { ConfigMaps, Secrets } from "../../api/kubernetes/resources.ts";
import type { ConfigMap, ObjectMeta, Secret } from "../../api/kubernetes/types.ts";
import { keyText, type ObjectKey, type ResourceType } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isNotFound } from "../../kube/errors.ts";
import type { Informer } from "../../kube/informer.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";

/** On a ConfigMap or Secret: `"true"` keeps changes of it from replacing pods. */
export const NO_ROLLOUT_ANNOTATION = "coder.com/no-rollout";

/** Which kind of object. */
export type DataKind = "ConfigMap" | "Secret";

/** One version of an object. */
export interface Content {
  /** A short hash for each key of `data`. */
  readonly data: ReadonlyMap<string, string>;
  /** The same for `binaryData` of a ConfigMap. */
  readonly binary: ReadonlyMap<string, string>;
  /** Its owner does not want changes of it to replace pods. */
  readonly frozen: boolean;
}

/** True where the metadata carries {@linkcode NO_ROLLOUT_ANNOTATION}. */
export function isFrozen(metadata: ObjectMeta | undefined): boolean {
  return metadata?.annotations?.[NO_ROLLOUT_ANNOTATION] === "true";
}

interface Known {
  /** uid and resource version; empty where the object does not exist. */
  version: string;
  content: Content | undefined;
}

/** Remembers this many objects; the oldest go first, which costs a read. */
const LIMIT = 10_000;

/** Reads objects as the cache of their metadata says that they changed. */
export class ReferencedData {
  readonly #known = new Map<string, Known>();

  constructor(
    private readonly client: Pick<KubeClient, "get">,
    private readonly kinds: Pick<WorkloadKinds, "configMaps" | "secrets">,
  ) {}

  /** The object's metadata as the cache has it. */
  metadata(kind: DataKind, key: ObjectKey): ObjectMeta | undefined {
    const informer: Pick<Informer, "get"> = kind === "Secret" ? this.kinds.secrets : this.kinds.configMaps;
    return informer.get(key)?.metadata;
  }

  /** Undefined where there is no such object. Throws what the API server answers to a read that it refuses. */
  async content(kind: DataKind, key: ObjectKey, signal?: AbortSignal): Promise<Content | undefined> {
    const id = `${kind} ${keyText(key)}`;
    const known = this.#known.get(id);
    if (known !== undefined && known.version === versionOf(this.metadata(kind, key))) return known.content;
    // Read even where the cache has nothing: the object may have been made a moment before whoever names it.
    const live = await this.#read(kind, key, signal);
    const content = live === undefined ? undefined : contentOf(id, live);
    this.#remember(id, { version: versionOf(live?.metadata), content });
    return content;
  }

  async #read(
    kind: DataKind,
    key: ObjectKey,
    signal: AbortSignal | undefined,
  ): Promise<ConfigMap | Secret | undefined> {
    const type: ResourceType<ConfigMap | Secret> = kind === "Secret" ? Secrets : ConfigMaps;
    try {
      return await this.client.get(type, key, signal === undefined ? {} : { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #remember(id: string, known: Known): void {
    this.#known.delete(id);
    this.#known.set(id, known);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= LIMIT) break;
      this.#known.delete(oldest);
    }
  }
}

function versionOf(metadata: ObjectMeta | undefined): string {
  return `${metadata?.uid ?? ""} ${metadata?.resourceVersion ?? ""}`.trim();
}

function contentOf(id: string, live: ConfigMap | Secret): Content {
  const binary = "binaryData" in live ? live.binaryData : undefined;
  return {
    data: hashes(id, live.data),
    binary: hashes(id, binary),
    frozen: isFrozen(live.metadata),
  };
}

/** The object's name is in each hash, so that equal values of two objects do not show. */
function hashes(id: string, data: Readonly<Record<string, string>> = {}): Map<string, string> {
  return new Map(
    Object.entries(data).map(([key, value]) => [
      key,
      createHash("sha256").update(`${id}\0${key}\0${value}`).digest("hex").slice(0, 16),
    ]),
  );
}
