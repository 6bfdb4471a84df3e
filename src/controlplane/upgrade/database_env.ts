/** Where Coder's database is, for another container's environment: in the same words as for Coder, no secret is read. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type { EnvVar } from "../../api/kubernetes/types.ts";
import { mergeEnv, references } from "../../workload/env.ts";
import { type EnvSources, envSources } from "../../operator/children/env_sources.ts";
import { DATABASE_URL } from "../warnings.ts";

/**
 * The definition of {@linkcode DATABASE_URL}, after those of the variables that it is put together from: of `extraEnv`,
 * else references to the ConfigMap or Secret of `envFrom` that has them. Empty where there is none.
 */
export async function databaseEnv(
  controlPlane: ControlPlane,
  sources: Pick<EnvSources, "define">,
  signal: AbortSignal,
): Promise<EnvVar[]> {
  const own = new Map(mergeEnv(controlPlane.spec.extraEnv).env.map((entry) => [entry.name, entry]));
  const from = envSources(controlPlane).reverse();
  const found = new Map<string, EnvVar>();
  const seen = new Set<string>();
  const collect = async (name: string): Promise<void> => {
    if (seen.has(name)) return;
    seen.add(name);
    const entry = own.get(name) ?? await fromSource(name);
    if (entry === undefined) return;
    for (const other of references(entry.value ?? "")) await collect(other);
    found.set(name, entry);
  };
  const fromSource = async (name: string): Promise<EnvVar | undefined> => {
    for (const source of from) {
      if (!await sources.define([source], name, signal)) continue;
      const reference = { name: source.key.name, key: name.slice(source.prefix.length) };
      return {
        name,
        valueFrom: source.kind === "Secret" ? { secretKeyRef: reference } : { configMapKeyRef: reference },
      };
    }
    return undefined;
  };
  await collect(DATABASE_URL);
  return found.has(DATABASE_URL) ? [...found.values()] : [];
}
