/** Does `envFrom` define a variable? Asked of the API server once for each version of a ConfigMap or Secret. */
import type { ControlPlane } from "../api/control_plane.ts";
import { ConfigMaps, Secrets } from "../api/kubernetes/resources.ts";
import type { ConfigMap, Secret } from "../api/kubernetes/types.ts";
import { keyText, type ObjectKey, type ResourceType } from "../api/object.ts";
import type { KubeClient } from "../kube/client.ts";
import { isNotFound } from "../kube/errors.ts";
import type { Informer } from "../kube/informer.ts";
import type { WorkloadKinds } from "../workload/kinds.ts";
import { SpecError } from "../workload/spec_error.ts";

/** One ConfigMap or Secret that an environment comes from. */
export interface EnvSource {
  kind: "ConfigMap" | "Secret";
  key: ObjectKey;
  /** In front of each of its keys. */
  prefix: string;
  /** Where it stands in the spec. */
  field: string;
}

/** The sources of `spec.envFrom`, in order. Blank names are in it: see {@linkcode EnvSources.define}. */
export function envSources({ metadata, spec }: ControlPlane): EnvSource[] {
  const namespace = metadata.namespace ?? "";
  return spec.envFrom.flatMap((source, i) => {
    const prefix = (source.prefix ?? "").trim();
    const found: EnvSource[] = [];
    for (const [kind, ref] of [["ConfigMap", "configMapRef"], ["Secret", "secretRef"]] as const) {
      const name = source[ref]?.name;
      if (source[ref] === undefined) continue;
      found.push({
        kind,
        key: { namespace, name: (name ?? "").trim() },
        prefix,
        field: `spec.envFrom[${i}].${ref}.name`,
      });
    }
    return found;
  });
}

/** What is known of one object: which of the keys that were asked for it has, at which version. */
interface Answer {
  /** Empty where the object does not exist. */
  resourceVersion: string;
  keys: Map<string, boolean>;
}

/** Remembers answers for this many objects; the oldest go first, which costs a read. */
const LIMIT = 10_000;

/** Looks into ConfigMaps and Secrets for names of keys. No value is kept. */
export class EnvSources {
  readonly #answers = new Map<string, Answer>();

  constructor(
    private readonly client: Pick<KubeClient, "get">,
    private readonly kinds: Pick<WorkloadKinds, "configMaps" | "secrets">,
  ) {}

  /**
   * True where one of `sources` defines the variable `name`. An object that does not exist defines nothing.
   * Throws {@linkcode SpecError} for a source without a name, and what the API server answers to a read it refuses.
   */
  async define(sources: readonly EnvSource[], name: string, signal?: AbortSignal): Promise<boolean> {
    for (const { key, field } of sources) {
      if (key.name === "") {
        throw new SpecError(field, "is blank; name the ConfigMap or Secret, or remove the entry");
      }
    }
    for (const source of sources) {
      if (!name.startsWith(source.prefix) || name === source.prefix) continue;
      if (await this.#has(source, name.slice(source.prefix.length), signal)) return true;
    }
    return false;
  }

  async #has(source: EnvSource, dataKey: string, signal: AbortSignal | undefined): Promise<boolean> {
    const id = `${source.kind} ${keyText(source.key)}`;
    const informer: Pick<Informer, "get"> = source.kind === "Secret"
      ? this.kinds.secrets
      : this.kinds.configMaps;
    const seen = informer.get(source.key)?.metadata.resourceVersion ?? "";
    const known = this.#answers.get(id);
    const remembered = known?.resourceVersion === seen ? known.keys.get(dataKey) : undefined;
    if (remembered !== undefined) return remembered;
    // Read even where the cache has nothing: the object may have been made a moment before the control plane.
    const live = await this.#read(source, signal);
    const resourceVersion = live?.metadata.resourceVersion ?? "";
    const answer = known?.resourceVersion === resourceVersion ? known : { resourceVersion, keys: new Map() };
    const has = Object.hasOwn(live?.data ?? {}, dataKey);
    answer.keys.set(dataKey, has);
    this.#remember(id, answer);
    return has;
  }

  async #read(source: EnvSource, signal: AbortSignal | undefined): Promise<ConfigMap | Secret | undefined> {
    const type: ResourceType<ConfigMap | Secret> = source.kind === "Secret" ? Secrets : ConfigMaps;
    try {
      return await this.client.get(type, source.key, signal === undefined ? {} : { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #remember(id: string, answer: Answer): void {
    this.#answers.delete(id);
    this.#answers.set(id, answer);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= LIMIT) break;
      this.#answers.delete(oldest);
    }
  }
}
