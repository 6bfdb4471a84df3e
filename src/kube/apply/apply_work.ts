/** One apply on its way from the desired object to the stored one, and the questions asked about it. */
import type { KubeObject, ObjectKey, ResourceType } from "../../api/object.ts";
import type { ApplyOptions } from "../applier.ts";
import type { CallOptions } from "../client.ts";
import type { Prepared } from "./desired_object.ts";
import { KubeApiError } from "../errors.ts";

/** One call on its way: what to send, and what is known of the live object. */
export interface Work<T extends KubeObject> extends Prepared<T> {
  readonly type: ResourceType<T>;
  readonly key: ObjectKey;
  readonly options: ApplyOptions;
  live: T | undefined;
  /** `live` was just read in full, managed fields included; otherwise it is the cache's. */
  fresh: boolean;
  /** Managers were changed: only an apply completes it. */
  mustApply: boolean;
}

/** True for 422: the object as it would be stored is refused. */
export function isInvalid(error: unknown): boolean {
  return error instanceof KubeApiError && error.code === 422;
}

/** The options of every request of one call. */
export function callOptions({ signal }: ApplyOptions): CallOptions {
  return signal === undefined ? {} : { signal };
}

/** The fields to give up: those that the body really leaves out. */
export function releasable<T extends KubeObject>({ options, body }: Work<T>): (readonly string[])[] {
  return (options.release ?? []).filter((path) => valueAt(body, path) === undefined);
}

/** What is at `path`, if anything. */
export function valueAt(object: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, name) => (typeof at === "object" && at !== null ? (at as Record<string, unknown>)[name] : undefined),
    object,
  );
}

/** The cache keeps nothing but metadata of this kind, so that the rest cannot be compared. */
export function isMetadataOnly(live: KubeObject, body: KubeObject): boolean {
  const common = new Set(["apiVersion", "kind", "metadata"]);
  const hasMore = (object: KubeObject) => Object.keys(object).some((name) => !common.has(name));
  return hasMore(body) && !hasMore(live);
}
