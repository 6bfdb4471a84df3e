/** Does `envFrom` define a variable? Asked of the API server once for each version of a ConfigMap or Secret. */
import type { EnvFromSource } from "../../api/kubernetes/types.ts";
import type { KubeObject, ObjectKey } from "../../api/object.ts";
import { SpecError } from "../../workload/spec_error.ts";
import type { DataKind, ReferencedData } from "./referenced_data.ts";

/** One ConfigMap or Secret that an environment comes from. */
export interface EnvSource {
  kind: DataKind;
  key: ObjectKey;
  /** In front of each of its keys. */
  prefix: string;
  /** Where it stands in the spec. */
  field: string;
}

/** The sources of `spec.envFrom`, in order. Blank names are in it: see {@linkcode EnvSources.define}. */
export function envSources(
  { metadata, spec }: Pick<KubeObject, "metadata"> & { spec: { envFrom: readonly EnvFromSource[] } },
): EnvSource[] {
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

/** Looks into ConfigMaps and Secrets for names of keys. */
export class EnvSources {
  constructor(private readonly data: Pick<ReferencedData, "content">) {}

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
    for (const { kind, key, prefix } of sources) {
      if (!name.startsWith(prefix) || name === prefix) continue;
      const content = await this.data.content(kind, key, signal);
      if (content?.data.has(name.slice(prefix.length))) return true;
    }
    return false;
  }
}
