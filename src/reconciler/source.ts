/** Where a controller's work comes from: kinds in the shared cache, mapped to the keys of the objects to reconcile. */
import { keyOf, keyText, type KubeObject, type ObjectKey, type ResourceType } from "../api/object.ts";
import type { Informer } from "../kube/informer.ts";
import { contentChanged, type Predicate, specOrMetadataChanged } from "./predicate.ts";

/** Priority of objects that are merely listed: a first list, a relist, a resync. Live changes have 0. */
export const LOW_PRIORITY = -100;

/** Takes a key that needs work. */
export type Enqueue = (key: ObjectKey, priority: number) => void;

/** One stream of work. */
export interface Source {
  /** Asks for work until the returned function is called; what exists already is asked for at once. */
  start(enqueue: Enqueue): () => void;
  /** Asks once more for everything, at {@linkcode LOW_PRIORITY}. Only primary kinds do. */
  resync?(enqueue: Enqueue): void;
}

export interface SourceOptions<T extends KubeObject> {
  /** Which changes count. The default is named at each source. */
  predicate?: Predicate<T>;
}

/**
 * The kind that is reconciled. A deletion always counts.
 * @default predicate {specOrMetadataChanged}
 */
export function primary<T extends KubeObject>(informer: Informer<T>, options: SourceOptions<T> = {}): Source {
  const source = watching(informer, (object) => [keyOf(object)], {
    predicate: { ...(options.predicate ?? specOrMetadataChanged), deleted: () => true },
  });
  return {
    ...source,
    resync(enqueue) {
      for (const object of informer.list()) enqueue(keyOf(object), LOW_PRIORITY);
    },
  };
}

/**
 * Objects that are controlled by one of the primary kind, found by their controller owner reference.
 * @default predicate {contentChanged}
 */
export function owned<T extends KubeObject>(
  informer: Informer<T>,
  owner: ResourceType,
  options: SourceOptions<T> = {},
): Source {
  return watching(informer, (object) => controllerKeys(object, owner), options);
}

/**
 * Any other kind, with a function that says which objects it concerns. Where an object changes, the keys before and
 * after the change are asked for. A function that throws is reported by the informer's dispatcher, not here.
 * @default predicate {contentChanged}
 */
export function watching<T extends KubeObject>(
  informer: Informer<T>,
  map: (object: T) => readonly ObjectKey[],
  options: SourceOptions<T> = {},
): Source {
  const predicate: Predicate<T> = options.predicate ?? contentChanged;
  return {
    start(enqueue) {
      // What the cache replays while we subscribe is no news.
      let replaying = true;
      const stop = informer.subscribe({
        added(object, initial) {
          if (predicate.added?.(object, initial) === false) return;
          const priority = initial || replaying ? LOW_PRIORITY : 0;
          for (const key of map(object)) enqueue(key, priority);
        },
        updated(before, after) {
          if (predicate.updated?.(before, after) === false) return;
          const keys = new Map([...map(before), ...map(after)].map((key) => [keyText(key), key]));
          for (const key of keys.values()) enqueue(key, 0);
        },
        deleted(object) {
          if (predicate.deleted?.(object) === false) return;
          for (const key of map(object)) enqueue(key, 0);
        },
      });
      replaying = false;
      return stop;
    },
  };
}

/** An optional kind that comes or goes: asks for the objects that `keys` then names. */
export function presence(informer: Informer, keys: () => readonly ObjectKey[]): Source {
  return {
    start: (enqueue) =>
      informer.subscribe({
        presence() {
          for (const key of keys()) enqueue(key, 0);
        },
      }),
  };
}

/** The key of the object's controller, where that is of the kind `owner` (in any version). */
export function controllerKeys(object: KubeObject, owner: ResourceType): ObjectKey[] {
  for (const reference of object.metadata.ownerReferences ?? []) {
    if (reference.controller !== true || reference.kind !== owner.kind) continue;
    const slash = reference.apiVersion.indexOf("/");
    const group = slash < 0 ? "" : reference.apiVersion.slice(0, slash);
    if (group !== owner.group) continue;
    return [{ namespace: owner.namespaced ? object.metadata.namespace ?? "" : "", name: reference.name }];
  }
  return [];
}
