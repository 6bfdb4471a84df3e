/** Server-side apply: a configuration becomes part of an object, and its manager the owner of what it says. */
import type { KubeObject } from "../../../api/object.ts";
import { apiVersionOf, type ResourceType } from "../../../api/object.ts";
import { badRequest } from "../../serving/status_errors.ts";
import { applyConflict, type Conflict } from "./conflict.ts";
import type { JsonMap } from "./json.ts";
import { fieldsOfLastApplied, KUBECTL, withLastApplied } from "./last_applied.ts";
import { NO_OWNERS, ownerId, type Owners, timeText } from "./owners.ts";
import { apply, currentOwners } from "./ownership.ts";
import { bareObject, ownerKey, rulesOf, withTime, type WriteScope, type Written, written } from "./scope.ts";
import { storedOwners, track } from "./update.ts";
import { objectionsTo, objectionText } from "./validate.ts";

export interface ApplyRequest<T extends KubeObject = KubeObject> {
  readonly scope: WriteScope;
  /** As it is stored; absent: it is created. */
  readonly live?: T;
  /** What the manager wants, and nothing else; without managed fields. Parts may be missing. */
  readonly config: KubeObject;
  readonly manager: string;
  /** Takes what others own and the configuration has otherwise. @default {false} */
  readonly force?: boolean;
  readonly now: Date;
}

/** The owner of all that was there before anybody applied, where nobody is known. */
export const BEFORE_FIRST_APPLY = "before-first-apply";

/**
 * Applies a configuration. The object has what it says; what the manager had applied before, does not say now, and
 * nobody else owns, is gone. Fields that only the server sets are the caller's to check and to restore, as with any
 * other write: identity, versions, times.
 *
 * @throws {StatusError} 409 with a cause for each field that another manager owns and the configuration would change,
 * unless forced; 400 for a configuration of another kind, with managed fields, or not as its schema says
 */
export function applyConfiguration<T extends KubeObject>(request: ApplyRequest<T>): Written<T> {
  const { scope, live, config, manager, now } = request;
  checkIdentity(scope, config);
  const bareConfig = config as unknown as JsonMap;
  const bareLive = bareObject(live, scope);
  const by = ownerKey(scope, manager, "Apply");
  const rules = rulesOf(scope);
  check(scope, config, objectionsTo(rules.schema, bareConfig), "patch");
  check(scope, live ?? config, objectionsTo(rules.schema, bareLive, { allowDuplicates: true }), "live");
  const owners = currentOwners(ownersBefore(request, bareLive), rules.schema, by.apiVersion);
  const { object, owners: left, conflicts, isChanged } = apply({
    ...rules,
    live: bareLive,
    config: bareConfig,
    owners,
    by,
  });
  if (request.force !== true) refuse(undisputed(conflicts, request, bareLive));
  // A manager that changed nothing has no new time; one that came to own what was there already has none at all.
  const timed = isChanged ? withTime(left, ownerId(by), timeText(now)) : left;
  const applied = object as JsonMap;
  const whole = manager === KUBECTL ? withLastApplied(applied, bareConfig) : applied;
  return written(whole, timed, live, scope);
}

function checkIdentity({ type }: WriteScope, config: KubeObject): void {
  const { apiVersion, kind } = config;
  if (apiVersion !== apiVersionOf(type as ResourceType) || kind !== type.kind) {
    throw badRequest(`invalid object type: ${apiVersion}, Kind=${kind}`);
  }
  const { managedFields } = config.metadata;
  if (managedFields !== undefined && managedFields !== null) {
    throw badRequest("metadata.managedFields must be nil");
  }
}

function check(
  { type }: WriteScope,
  { metadata }: KubeObject,
  objections: ReturnType<typeof objectionsTo>,
  what: "patch" | "live",
): void {
  if (objections.length === 0) return;
  const which = `${metadata.namespace ?? ""}/${metadata.name ?? ""}`;
  throw badRequest(
    `failed to create typed ${what} object (${which}; ${
      apiVersionOf(type as ResourceType)
    }, Kind=${type.kind}): ${objectionText(objections)}`,
  );
}

/** The owners that are known; where none are, one that stands for all who wrote until now. */
function ownersBefore({ scope, live, now }: ApplyRequest, bareLive: JsonMap): Owners {
  const owners = storedOwners(live);
  if (owners.size > 0 || live === undefined) return owners;
  const was = bareObject(undefined, scope);
  return track({ scope, was, is: bareLive, owners: NO_OWNERS, manager: BEFORE_FIRST_APPLY, now });
}

/**
 * Without the conflicts that are none: `kubectl apply --server-side` may take over all that client-side apply had
 * written and nobody has changed since.
 */
function undisputed(
  conflicts: readonly Conflict[],
  { manager, scope }: ApplyRequest,
  bareLive: JsonMap,
): readonly Conflict[] {
  if (manager !== KUBECTL || conflicts.length === 0) return conflicts;
  const allowed = fieldsOfLastApplied(bareLive, scope.schema, apiVersionOf(scope.type as ResourceType));
  if (allowed === undefined) return conflicts;
  return conflicts.map(({ owner, fields }) => ({ owner, fields: fields.difference(allowed) }))
    .filter(({ fields }) => !fields.isEmpty);
}

function refuse(conflicts: readonly Conflict[]): void {
  if (conflicts.length > 0) throw applyConflict(conflicts);
}
