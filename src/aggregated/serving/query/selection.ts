/** Both selectors of a request, as one test. */
import type { KubeObject } from "../../../api/object.ts";
import { fieldMatcher, type FieldReaders } from "./field_selector.ts";
import { labelMatcher } from "./label_selector.ts";
import type { SelectionTerms } from "./list_options.ts";

/** What every resource can be selected by. */
const COMMON: FieldReaders<KubeObject> = {
  "metadata.name": ({ metadata }) => metadata.name ?? "",
  "metadata.namespace": ({ metadata }) => metadata.namespace ?? "",
};

/** All fields that objects of a resource can be selected by. */
export function allFields<T extends KubeObject>(own: FieldReaders<T>): FieldReaders<T> {
  return { ...COMMON, ...own };
}

/** A test for objects. */
export type Selects<T> = ((object: T) => boolean) & {
  /** Whether an object may be selected in any of its states. @default may be */
  readonly ever?: (object: T) => boolean;
};

/**
 * A test for objects; undefined where everything is selected. @throws {StatusError} 400 for fields that there are not
 */
export function selectionOf<T extends KubeObject>(
  { labels, fields }: SelectionTerms,
  readers: FieldReaders<T>,
): Selects<T> | undefined {
  if (labels.length === 0 && fields.length === 0) return undefined;
  const byLabels = labelMatcher(labels);
  const byFields = fieldMatcher(fields, readers);
  return Object.assign((object: T) => byFields(object) && byLabels(object.metadata.labels), {
    ever: fieldMatcher(fields.filter(({ field }) => Object.hasOwn(COMMON, field)), readers),
  });
}
