/** Where Coder's database is, for another container's environment: the same words as Coder's own, no secret is read. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type { EnvVar } from "../../api/kubernetes/types.ts";
import { type EnvSources, envSources } from "../env_sources.ts";
import { DATABASE_URL } from "../warnings.ts";

/**
 * The definition of {@linkcode DATABASE_URL} that counts: the last of `extraEnv`, else a reference to the last ConfigMap or
 * Secret of `envFrom` that has it. Undefined where there is none.
 */
export async function databaseEnv(
  controlPlane: ControlPlane,
  sources: Pick<EnvSources, "define">,
  signal: AbortSignal,
): Promise<EnvVar | undefined> {
  const own = controlPlane.spec.extraEnv.findLast(({ name }) => name === DATABASE_URL);
  if (own !== undefined) return own;
  for (const source of envSources(controlPlane).reverse()) {
    if (!await sources.define([source], DATABASE_URL, signal)) continue;
    const reference = { name: source.key.name, key: DATABASE_URL.slice(source.prefix.length) };
    return {
      name: DATABASE_URL,
      valueFrom: source.kind === "Secret" ? { secretKeyRef: reference } : { configMapKeyRef: reference },
    };
  }
  return undefined;
}
