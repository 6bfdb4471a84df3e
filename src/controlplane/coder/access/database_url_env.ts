/** The value that an environment variable has in a control plane's pods, as far as it can be known outside them. */
import type { ControlPlane } from "../../../api/control_plane.ts";
import { ConfigMaps, Secrets } from "../../../api/kubernetes/resources.ts";
import type { EnvVar } from "../../../api/kubernetes/types.ts";
import { keyText, type ObjectKey } from "../../../api/object.ts";
import type { KubeClient } from "../../../kube/client.ts";
import { isNotFound } from "../../../kube/errors.ts";
import { type EnvSource, envSources } from "../../../operator/children/env_sources.ts";

/** A value and where it is from; or why there is none although something defines it. */
export type EnvValue =
  | { readonly value: string; readonly from: string }
  | { readonly missing: string };

/** What `$(NAME)` may lead to, one after the other. */
const DEEPEST = 10;

/** `$$` (an escaped dollar) or `$(NAME)`. */
const REFERENCE = /\$\$|\$\(([^)]*)\)/g;

const decoder = new TextDecoder();

/** The environment of one control plane. Objects are read once, when they are needed; make a new one for the next time. */
export class PodEnvironment {
  readonly #objects = new Map<string, Promise<Map<string, string> | undefined>>();

  constructor(
    private readonly controlPlane: ControlPlane,
    private readonly client: Pick<KubeClient, "get">,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * The value of `name`; undefined where nothing defines it. `extraEnv` wins over `envFrom`, and the last entry over those
   * before. Throws what the API server refuses.
   */
  async value(name: string, depth = 0): Promise<EnvValue | undefined> {
    const index = this.controlPlane.spec.extraEnv.findLastIndex((entry) => entry.name === name);
    const entry = this.controlPlane.spec.extraEnv[index];
    if (entry === undefined) return await this.#fromSources(name);
    const from = `spec.extraEnv[${index}]`;
    if (entry.valueFrom === undefined) {
      return { value: await this.expand(entry.value ?? "", depth), from };
    }
    return await this.#fromReference(entry.valueFrom, from);
  }

  /** Puts values in the place of `$(NAME)`, as Kubernetes does. What is not defined stays as it is. */
  async expand(text: string, depth = 0): Promise<string> {
    const values = new Map<string, string>();
    if (depth < DEEPEST) {
      for (const [, name] of text.matchAll(REFERENCE)) {
        if (name === undefined || values.has(name)) continue;
        const found = await this.value(name, depth + 1);
        if (found !== undefined && "value" in found) values.set(name, found.value);
      }
    }
    return text.replace(
      REFERENCE,
      (whole, name: string | undefined) => name === undefined ? "$" : values.get(name) ?? whole,
    );
  }

  async #fromReference(
    source: NonNullable<EnvVar["valueFrom"]>,
    field: string,
  ): Promise<EnvValue | undefined> {
    const [kind, reference] = source.secretKeyRef !== undefined
      ? ["Secret" as const, source.secretKeyRef]
      : ["ConfigMap" as const, source.configMapKeyRef];
    const name = reference?.name?.trim() ?? "";
    if (reference === undefined) {
      return { missing: `${field} takes its value from the pod, which cannot be seen from outside` };
    }
    if (name === "") return { missing: `${field} names no ${kind}` };
    const key = { namespace: this.controlPlane.metadata.namespace ?? "", name };
    const data = await this.#read(kind, key);
    const value = data?.get(reference.key);
    if (value !== undefined) return { value, from: `key ${reference.key} of ${kind} ${keyText(key)}` };
    if (reference.optional === true) return undefined;
    return {
      missing: data === undefined
        ? `${field} refers to ${kind} ${keyText(key)}, which does not exist`
        : `${field} refers to key ${reference.key} of ${kind} ${keyText(key)}, which is not there`,
    };
  }

  async #fromSources(name: string): Promise<EnvValue | undefined> {
    const sources = envSources(this.controlPlane).filter((source) =>
      source.key.name !== "" && name.startsWith(source.prefix)
    );
    for (const source of sources.reverse()) {
      const found = await this.#fromSource(source, name.slice(source.prefix.length));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #fromSource({ kind, key }: EnvSource, dataKey: string): Promise<EnvValue | undefined> {
    const value = (await this.#read(kind, key))?.get(dataKey);
    return value === undefined ? undefined : { value, from: `key ${dataKey} of ${kind} ${keyText(key)}` };
  }

  #read(kind: "Secret" | "ConfigMap", key: ObjectKey): Promise<Map<string, string> | undefined> {
    const id = `${kind} ${keyText(key)}`;
    let reading = this.#objects.get(id);
    if (reading === undefined) this.#objects.set(id, reading = this.#get(kind, key));
    return reading;
  }

  async #get(kind: "Secret" | "ConfigMap", key: ObjectKey): Promise<Map<string, string> | undefined> {
    const call = { signal: this.signal };
    try {
      if (kind === "ConfigMap") {
        const { data = {} } = await this.client.get(ConfigMaps, key, call);
        return new Map(Object.entries(data));
      }
      const { data = {} } = await this.client.get(Secrets, key, call);
      return new Map(Object.entries(data).map(([name, value]) => [name, decoded(value)]));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

function decoded(base64: string): string {
  try {
    return decoder.decode(Uint8Array.fromBase64(base64));
  } catch {
    return "";
  }
}
