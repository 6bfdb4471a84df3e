/**
 * Who owns which field, and server-side apply. Everything here is made of what it is given: nothing is read, stored or
 * timed by itself.
 *
 * ```ts
 * const scope = { type, schema: objectSchema(definition), untouched: [["status"]] };
 * const { object, isChanged } = applyConfiguration({ scope, live, config, manager: "argocd", now: new Date() });
 * const tracked = trackUpdate({ scope, before: live, after, manager: managerName({ userAgent }), now: new Date() });
 * ```
 *
 * The semantics are those of kube-apiserver, and are proved against it (tests/aggregated/managed_fields_test.ts).
 * On purpose it is otherwise where
 * - a configuration is not as its schema says: that is the caller's mistake (400, not 500);
 * - a write changes nothing but times, or only what is not written there: it stores nothing;
 * - an entry is of another version: it alone is dropped, as for kinds of Kubernetes' own (for custom resources all go);
 * - stored entries cannot be read: who applies then finds `before-first-apply`, not an error;
 * - owners are merged into `ancient-changes`: none is lost, even where that name is not the first of its second.
 *
 * Not done here: what `metadata` may say (identity, versions, times are the caller's to check and restore), depth and
 * size of what is sent, defaults.
 */
export { applyConfiguration, type ApplyRequest, BEFORE_FIRST_APPLY } from "./apply.ts";
export { managerName, type Tracking, trackUpdate } from "./update.ts";
export type { WriteScope, Written } from "./scope.ts";
export { fromOpenApi, objectSchema } from "./schema_source.ts";
export type { Schema } from "./schema.ts";
export { FieldSet } from "./field_set.ts";
export { fromFieldsV1, toFieldsV1 } from "./fields_v1.ts";
export { ANCIENT, MAX_UPDATERS } from "./cap.ts";
