/** What a kind does with writes that the rules of Kubernetes have let through: the contract of `writer.ts`. */
import type { KubeObject, ObjectKey } from "../../api/object.ts";
import type { RequestContext, ResourceDefinition } from "../serving/storage.ts";
import type { KindRules } from "./meta/rules.ts";

/** An object as it is now, and what `update` and `remove` need to know that it still is. */
export interface Live<T extends KubeObject> {
  /** Whole, managed fields included. */
  readonly object: T;
  /** Opaque to the writer. */
  readonly state: unknown;
}

/** How something is asked for. */
export interface Asking {
  readonly context: RequestContext;
  /** Everything is checked, nothing is changed; what is returned is how it would be. */
  readonly dryRun: boolean;
}

export interface UpdateAsking extends Asking {
  /** Nothing is another than it was, and it is to be done again all the same: see {@linkcode WriteTarget.repeats}. */
  readonly repeats?: boolean;
  /** Names of the fields of the spec that the request says something of; absent for what is no change of a client's. */
  readonly spoken?: { has(name: string): boolean };
  /** The object was sent whole (PUT): what it leaves out of the spec may mean "as it is", where the kind says so. */
  readonly isWhole: boolean;
}

/** The object was changed since it was read: the writer reads it again, and tries again or refuses with 409. */
export class StaleError extends Error {
  override readonly name = "StaleError";
}

/** A namespace, as far as writes are concerned. */
export type Admission =
  /** Go on. */
  | "yes"
  /** The namespace is being deleted: deletions succeed and change nothing. */
  | "ending";

/** All methods throw {@linkcode StatusError} for the caller, and {@linkcode StaleError}. */
export interface WriteTarget<T extends KubeObject = KubeObject> {
  readonly definition: ResourceDefinition<T>;
  /** What else the rules of writes must know of the kind. */
  readonly rules?: Omit<KindRules, "definition">;
  /**
   * Before anything else of a write. An apply that creates is first asked as an update, then as a create.
   *
   * @throws {StatusError} 404, 403 where nothing can be made in the namespace
   */
  admit(verb: "create" | "update" | "delete", key: ObjectKey, context: RequestContext): Promise<Admission>;
  /** @throws {StatusError} 404 where there is none, or none that the caller sees */
  read(key: ObjectKey, context: RequestContext): Promise<Live<T>>;
  /**
   * What an object has that leaves it out, such as an organization that its name says, and, of a change, what stays as it
   * is where it is left out. This is before anybody comes to own or lose a field: what is put back is no change, and what
   * a new object is given belongs to who creates it (not to who applies). Nothing is asked for.
   *
   * @param change absent for a new object, which has its name by now
   * @throws {StatusError} such as 400 for a name that is none
   */
  defaulted?(object: T, change?: { readonly before: T; readonly isWhole: boolean }): T;
  /** Rules of the kind beside its schema, as causes of a 422. `before`: absent for a new object. */
  causes?(after: T, before: T | undefined): readonly { field: string; message: string; reason?: string }[];
  /** Makes it; with its resource version. Status is ignored. Retries and generated names are the writer's. */
  create(object: T, asking: Asking): Promise<T>;
  /**
   * Makes it so; what it is then, with its resource version. `after` has the metadata that shall be kept (managed fields,
   * finalizers, deletion timestamp included). Where nothing differs from `before`, the writer does not ask.
   */
  update(after: T, before: Live<T>, asking: UpdateAsking): Promise<T>;
  /**
   * Whether a change that would change nothing is to be made all the same, as what it speaks of did not come about: a stop
   * that failed, say. Not for a controller's or a GitOps tool's sake: those see that there is nothing to do, and do not ask.
   *
   * @param spoken names of the fields of the spec that the request says something of
   * @default never
   */
  repeats?(before: Live<T>, spoken: { has(name: string): boolean }): boolean;
  /**
   * Deletes it: there is no finalizer left. Undefined: it is gone. Otherwise it is going, as returned, and the answer is
   * 202. Where an update took the last finalizer away, `before.object` is what that update made of it (`state` is that of
   * the object as it was read): its metadata are what is to be kept until it is gone.
   */
  remove(before: Live<T>, asking: Asking): Promise<T | undefined>;
  /** Those of a namespace that the caller sees, for deletecollection. */
  list(namespace: string, context: RequestContext): Promise<readonly T[]>;
}
