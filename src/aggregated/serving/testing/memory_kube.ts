/** As much of an API server as keeping certificates needs: objects with versions, and failures on command. For tests alone. */
import {
  keyText,
  type KubeObject,
  type ObjectKey,
  resourceText,
  type ResourceType,
} from "../../../api/object.ts";
import type { KubeClient, PatchBody } from "../../../kube/client.ts";
import { KubeApiError } from "../../../kube/errors.ts";

type Verb = "get" | "create" | "update" | "patch";

export class MemoryKube implements Pick<KubeClient, Verb> {
  readonly calls: string[] = [];
  readonly #objects = new Map<string, KubeObject>();
  #version = 0;
  /** Runs before a call is carried out; may throw, or change what is there. */
  before: (verb: Verb, key: ObjectKey) => void | Promise<void> = () => {};

  find<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): T | undefined {
    return structuredClone(this.#objects.get(idOf(type, key))) as T | undefined;
  }

  put<T extends KubeObject>(type: ResourceType<T>, object: T): T {
    const { namespace = "", name = "" } = object.metadata;
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) };
    const stored = structuredClone({ ...object, metadata });
    this.#objects.set(idOf(type, { namespace, name }), stored);
    return structuredClone(stored);
  }

  remove(type: ResourceType, key: ObjectKey): void {
    this.#objects.delete(idOf(type, key));
  }

  async get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): Promise<T> {
    await this.#begin("get", type, key);
    return this.#require(type, key);
  }

  async create<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<T> {
    const key = { namespace: object.metadata.namespace ?? "", name: object.metadata.name ?? "" };
    await this.#begin("create", type, key);
    if (this.find(type, key) !== undefined) throw refusal(409, "AlreadyExists");
    return this.put(type, object);
  }

  async update<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<T> {
    const key = { namespace: object.metadata.namespace ?? "", name: object.metadata.name ?? "" };
    await this.#begin("update", type, key);
    const { resourceVersion } = this.#require(type, key).metadata;
    if (resourceVersion !== object.metadata.resourceVersion) throw refusal(409, "Conflict");
    return this.put(type, object);
  }

  async patch<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, patch: PatchBody): Promise<T> {
    await this.#begin("patch", type, key);
    return this.put(type, merged(this.#require(type, key), patch.body) as T);
  }

  async #begin(verb: Verb, type: ResourceType, key: ObjectKey): Promise<void> {
    this.calls.push(`${verb} ${type.plural}`);
    await this.before(verb, key);
  }

  #require<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): T {
    const found = this.find(type, key);
    if (found === undefined) throw refusal(404, "NotFound");
    return found;
  }
}

/** An error as a server would send it. */
export function refusal(code: number, reason: string): KubeApiError {
  return new KubeApiError(code, reason, `${reason} (${code})`, { method: "GET", path: "/memory" });
}

function idOf(type: ResourceType, key: ObjectKey): string {
  return `${resourceText(type)} ${keyText(key)}`;
}

/** RFC 7396. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = { ...(target as Record<string, unknown>) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}
