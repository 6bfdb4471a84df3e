/** What a deletion does with an object: nothing is left, or it waits for its finalizers. */
import type { KubeObject } from "../../../api/object.ts";
import { conflict } from "../../serving/status_errors.ts";
import { timeText } from "../decode/time.ts";
import type { DeleteOptions } from "./delete_options.ts";
import type { KindRules } from "./rules.ts";
import { FOREGROUND, ORPHAN } from "./validate.ts";

export interface Deletion {
  /** The object goes at once. Else it stays, as `object`, until its finalizers are gone. */
  readonly isImmediate: boolean;
  readonly object: KubeObject;
}

/**
 * @throws {StatusError} 409 where the object is not the one that the client means
 * @param now milliseconds since 1970
 */
export function deletionOf(
  object: KubeObject,
  options: DeleteOptions,
  kind: KindRules,
  now: number,
): Deletion {
  checkPreconditions(object, options, kind);
  const finalizers = finalizersFor(object.metadata.finalizers ?? [], options);
  if (finalizers.length === 0) return { isImmediate: true, object };
  const { deletionTimestamp, generation = 0 } = object.metadata;
  const isFirst = deletionTimestamp === undefined;
  const metadata = {
    ...object.metadata,
    finalizers,
    deletionTimestamp: deletionTimestamp ?? timeText(now),
    deletionGracePeriodSeconds: 0,
    ...(isFirst && generation > 0 ? { generation: generation + 1 } : {}),
  };
  return { isImmediate: false, object: { ...object, metadata } };
}

/** Whether an update was the last thing that a deletion waited for: no finalizer is left. */
export function isFinished({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0 &&
    (metadata.deletionGracePeriodSeconds ?? 0) === 0;
}

function checkPreconditions(
  { metadata }: KubeObject,
  { preconditions: { uid, resourceVersion } }: DeleteOptions,
  { definition: { type }, isSameVersion = Object.is }: KindRules,
): void {
  const name = metadata.name ?? "";
  if (uid !== undefined && uid !== metadata.uid) {
    throw conflict(
      type,
      name,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && !isSameVersion(resourceVersion, metadata.resourceVersion ?? "")) {
    throw conflict(
      type,
      name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    );
  }
}

/** The garbage collector does what these two ask for, and takes them away. */
function finalizersFor(finalizers: readonly string[], options: DeleteOptions): string[] {
  const others = finalizers.filter((name) => name !== ORPHAN && name !== FOREGROUND);
  const wish = wishOf(finalizers, options);
  return wish === undefined ? others : [...others, wish];
}

/** What is said now counts more than what the object says. */
function wishOf(
  finalizers: readonly string[],
  { orphanDependents, propagation }: DeleteOptions,
): string | undefined {
  if (orphanDependents !== undefined) return orphanDependents ? ORPHAN : undefined;
  if (propagation !== undefined) {
    return { Orphan: ORPHAN, Foreground: FOREGROUND, Background: undefined }[propagation];
  }
  return finalizers.find((name) => name === ORPHAN || name === FOREGROUND);
}
