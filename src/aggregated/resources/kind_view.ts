/** The objects of one kind, made of the records of all deployments. */
import { keyOf, type KubeObject } from "../../api/object.ts";
import type { Backend, Collection } from "../../inventory/mod.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Place } from "../convert/metadata.ts";
import type { Overlay } from "../convert/overlay.ts";
import { canonicalName, type NameForm } from "./naming.ts";

export interface KindViewOptions<R, T extends KubeObject> {
  readonly collection: Collection<T>;
  /** Undefined where a record cannot have a name. */
  plainName(record: R): string | undefined;
  /** The object without a resource version. */
  convert(record: R, place: Place, overlay: Overlay): T;
  /** What is kept of a record. */
  overlay(backend: Pick<Source, "id" | "namespace" | "controlPlane">, id: string): Overlay;
  readonly log: Logger;
}

type Source = Pick<Backend, "id" | "namespace" | "controlPlane"> & {
  readonly copy: Pick<Backend["copy"], "addresses">;
};

export class KindView<R extends { readonly id: string }, T extends KubeObject> {
  readonly #options: KindViewOptions<R, T>;
  /** Names of what is shown, by backend, then by the id of the record. */
  readonly #shown = new Map<string, Map<string, string>>();

  constructor(options: KindViewOptions<R, T>) {
    this.#options = options;
  }

  get collection(): Collection<T> {
    return this.#options.collection;
  }

  /** What is shown of a record; undefined where nothing is. */
  shown({ id, namespace }: Pick<Source, "id" | "namespace">, record: string): T | undefined {
    const name = this.#shown.get(id)?.get(record);
    const object = name === undefined ? undefined : this.collection.get({ namespace, name });
    return object?.metadata.uid === record ? object : undefined;
  }

  /** Shows a record as it is now. One that cannot be shown hides nothing else. */
  told(backend: Source, record: R, form: NameForm): void {
    const { collection, log } = this.#options;
    const object = this.#objectOf(backend, record, form);
    if (object === undefined) {
      log.warn("an object of Coder has no name that Kubernetes could show it by; it is left out", {
        backend: backend.id,
        id: record.id,
      });
      return this.gone(backend, record.id);
    }
    const { name } = keyOf(object);
    const shown = this.#shown.get(backend.id) ?? new Map<string, string>();
    this.#shown.set(backend.id, shown);
    if (shown.get(record.id) !== name) this.gone(backend, record.id);
    shown.set(record.id, name);
    collection.put(object);
  }

  /** Shows a record no more. */
  gone({ id: backend, namespace }: Pick<Source, "id" | "namespace">, record: string): void {
    const { collection } = this.#options;
    const shown = this.#shown.get(backend);
    const name = shown?.get(record);
    if (shown === undefined || name === undefined) return;
    shown.delete(record);
    const key = { namespace, name };
    // The name may be another record's by now. If it is free, whoever else has it is told after this.
    if (collection.get(key)?.metadata.uid === record) collection.remove(key);
  }

  /** Shows nothing of a backend any more. */
  drop(backend: Pick<Source, "id" | "namespace">): void {
    for (const record of [...this.#shown.get(backend.id)?.keys() ?? []]) this.gone(backend, record);
    this.#shown.delete(backend.id);
  }

  #objectOf(backend: Source, record: R, form: NameForm): T | undefined {
    const { plainName, convert, overlay, log } = this.#options;
    const plain = plainName(record);
    if (plain === undefined) return undefined;
    const { namespace, controlPlane, copy: { addresses } } = backend;
    try {
      return convert(record, {
        namespace,
        name: canonicalName(backend, form, plain),
        controlPlane,
        addresses,
      }, overlay(backend, record.id));
    } catch (error) {
      log.error("a record of Coder could not be made an object", {
        backend: backend.id,
        id: record.id,
        error,
      });
      return undefined;
    }
  }
}
