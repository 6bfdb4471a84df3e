/** The product's Kubernetes client, on an API server in memory: every call goes over the wire. */
import {
  keyOf,
  keyText,
  type KubeObject,
  type ObjectKey,
  resourceText,
  type ResourceType,
} from "../../src/api/object.ts";
import type {
  CallOptions,
  DeleteOptions,
  KubeClient,
  ListOptions,
  ObjectList,
  PatchBody,
  WriteOptions,
} from "../../src/kube/client.ts";
import { KubeConnectionError } from "../../src/kube/errors.ts";
import { labelMatcher } from "../../src/kube/cache/label_selector.ts";
import type { ModelApi } from "./model_api.ts";
import type { Sender, Wire } from "./wire.ts";

const TIMEOUT_MS = 30_000;

/** See the file's head. */
export class ModelClient implements KubeClient {
  constructor(readonly api: ModelApi, readonly wire: Wire, readonly from: Sender) {}

  get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options?: CallOptions): Promise<T> {
    return this.#send("GET", type, key, options, () => this.api.get(type, key));
  }

  list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    const { labelSelector, namespace } = options;
    const matches = labelMatcher(labelSelector);
    const key = { namespace: namespace ?? "", name: "" };
    return this.#send("LIST", type, key, options, () => ({
      items: this.api.list(type, namespace).filter(({ metadata }) => matches(metadata.labels ?? {})),
      resourceVersion: "0",
    }));
  }

  create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T> {
    const given = structuredClone(object);
    return this.#send(
      "POST",
      type,
      keyOf(object),
      options,
      () => this.api.create(type, given, this.from.name, options),
    );
  }

  update<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T> {
    const given = structuredClone(object);
    const method = options?.subresource === undefined ? "PUT" : `PUT ${options.subresource} of`;
    return this.#send(
      method,
      type,
      keyOf(object),
      options,
      () => this.api.update(type, given, this.from.name, options),
    );
  }

  patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: PatchBody,
    options?: WriteOptions,
  ): Promise<T> {
    const given = structuredClone(patch);
    const method = given.type === "apply" ? "APPLY" : `PATCH (${given.type})`;
    return this.#send(
      method,
      type,
      key,
      options,
      () => this.api.patch(type, key, given, this.from.name, options),
    );
  }

  delete(type: ResourceType, key: ObjectKey, options?: DeleteOptions): Promise<void> {
    return this.#send(
      "DELETE",
      type,
      key,
      options,
      () => this.api.delete(type, key, this.from.name, options),
    );
  }

  watch(): never {
    throw new TypeError("watches are modelled by the cache");
  }

  raw(): never {
    throw new TypeError("raw calls are not modelled");
  }

  #send<R>(
    method: string,
    type: ResourceType,
    key: ObjectKey,
    { signal, timeoutMs = TIMEOUT_MS }: CallOptions = {},
    serve: () => R,
  ): Promise<R> {
    const call = { method, path: `/${type.plural}/${key.name}` };
    return this.wire.send({
      from: this.from,
      to: "api",
      what: `${method} ${resourceText(type)} ${keyText(key)}`,
      writes: method !== "GET" && method !== "LIST",
      serve,
      broken: (why) => new KubeConnectionError(`no answer: ${why}`, call, { timedOut: why === "timeout" }),
      timeoutMs,
      signal,
    });
  }
}
