/** Who owns what after a create, a replacement or a patch. */
import type { KubeObject } from "../../../api/object.ts";
import { capUpdaters } from "./cap.ts";
import type { JsonMap } from "./json.ts";
import { isReset, NO_OWNERS, ownerId, type Owners, readOwners, timeText } from "./owners.ts";
import { currentOwners, update } from "./ownership.ts";
import { bareObject, ownerKey, rulesOf, withTime, type WriteScope, type Written, written } from "./scope.ts";
import { objectionsTo } from "./validate.ts";

export interface Tracking<T extends KubeObject = KubeObject> {
  readonly scope: WriteScope;
  /** As it is stored; absent: it is created. */
  readonly before?: T;
  /** As the writer would have it, with the managed fields that it sent. */
  readonly after: T;
  /** Who writes: see {@linkcode managerName}. */
  readonly manager: string;
  readonly now: Date;
}

/**
 * Puts into an object that is written (not applied) who owns its fields: the writer what it changed, nobody what is
 * gone, everybody else what they had. The writer may send managed fields of its own, and with the one entry `{}` have
 * all forgotten; what cannot be read is as if it were not sent. An object whose owners were forgotten has none until
 * it is applied.
 */
export function trackUpdate<T extends KubeObject>(
  { scope, before, after, manager, now }: Tracking<T>,
): Written<T> {
  const owners = sentOwners(scope, before, after);
  const [was, is] = [bareObject(before, scope), bareObject(after, scope)];
  const isTracked = owners.size > 0 || before === undefined;
  return written(is, isTracked ? track({ scope, was, is, owners, manager, now }) : owners, before, scope);
}

export interface TrackedChange {
  readonly scope: WriteScope;
  readonly was: JsonMap;
  readonly is: JsonMap;
  readonly owners: Owners;
  readonly manager: string;
  readonly now: Date;
}

/** The owners after an update. */
export function track({ scope, was, is, owners, manager, now }: TrackedChange): Owners {
  const rules = rulesOf(scope);
  const options = { allowDuplicates: true };
  // What is no object of the kind cannot be compared. It is refused elsewhere; nothing is lost here.
  if ([was, is].some((object) => objectionsTo(rules.schema, object, options).length > 0)) return owners;
  const by = ownerKey(scope, manager, "Update");
  const current = currentOwners(owners, rules.schema, by.apiVersion);
  const { owners: left, isWriter } = update({ ...rules, before: was, after: is, owners: current, by });
  return capUpdaters(isWriter ? withTime(left, ownerId(by), timeText(now)) : left);
}

function sentOwners(scope: WriteScope, before: KubeObject | undefined, after: KubeObject): Owners {
  const stored = storedOwners(before);
  // A subresource is no way to write them.
  if (scope.subresource !== undefined && scope.subresource !== "") return stored;
  const sent = after.metadata.managedFields;
  if (isReset(sent)) return NO_OWNERS;
  const owners = ownersOrNone(sent);
  return owners.size === 0 ? stored : owners;
}

/** The owners of an object that is stored. */
export function storedOwners(object: KubeObject | undefined): Owners {
  return ownersOrNone(object?.metadata.managedFields);
}

function ownersOrNone(entries: unknown): Owners {
  try {
    return readOwners(entries);
  } catch {
    return NO_OWNERS;
  }
}

const MAX_NAME = 128;

/**
 * Who writes, as managed fields name them: what the request says, else the program by its user agent
 * (`kubectl/v1.34 (linux)` is `kubectl`).
 */
export function managerName(
  { fieldManager, userAgent = "" }: { fieldManager?: string; userAgent?: string },
): string {
  if (fieldManager !== undefined && fieldManager !== "") return fieldManager;
  const program = userAgent.split("/", 1)[0] ?? "";
  // deno-lint-ignore no-control-regex -- exactly these are no part of a name
  const printable = [...program.replace(/[\u0000-\u001f\u007f-\u009f]/g, "")];
  const encoder = new TextEncoder();
  let name = "";
  for (const character of printable) {
    if (encoder.encode(name + character).length > MAX_NAME) break;
    name += character;
  }
  return name;
}
