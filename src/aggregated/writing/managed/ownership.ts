/** How owners change with an object. Knows nothing of metadata, times and names that mean something. */
import { compare, type Difference, disregarding } from "./compare.ts";
import type { Conflict } from "./conflict.ts";
import { FieldSet } from "./field_set.ts";
import { fieldsOf } from "./fields_of.ts";
import { isEqual, type Json } from "./json.ts";
import { merge } from "./merge.ts";
import { type Owner, ownerId, type OwnerKey, type Owners, withOwner } from "./owners.ts";
import { reconcile } from "./reconcile.ts";
import { prune } from "./remove.ts";
import type { Schema } from "./schema.ts";

/** What a kind is, and which of its fields nobody comes to own. */
export interface OwnershipRules {
  readonly schema: Schema;
  /** Fields that are not written here, with everything below them. */
  readonly untouched: FieldSet;
  /** Fields that are never anybody's, without what is below them. */
  readonly unowned: FieldSet;
}

export interface Change extends OwnershipRules {
  readonly before: Json;
  readonly after: Json;
  readonly owners: Owners;
  readonly by: OwnerKey;
}

export interface Updated {
  readonly owners: Owners;
  /** Whether the writer changed something that can be owned. */
  readonly isWriter: boolean;
}

/** Who owns what after something was written: the writer what it changed, nobody what is gone. */
export function update({ schema, untouched, unowned, before, after, owners, by }: Change): Updated {
  const difference = disregarding(compare(schema, before, after), untouched);
  const taken = difference.added.union(difference.modified).difference(unowned);
  const id = ownerId(by);
  const mine = owners.get(id)?.fields ?? FieldSet.empty;
  const fields = mine.difference(difference.removed).union(taken);
  const left = settle(owners, id, difference).owners;
  return { owners: withOwner(left, { ...owners.get(id), ...by, fields }), isWriter: !taken.isEmpty };
}

export interface Application extends OwnershipRules {
  readonly live: Json;
  readonly config: Json;
  readonly owners: Owners;
  readonly by: OwnerKey;
}

export interface Applied {
  readonly object: Json;
  readonly isChanged: boolean;
  readonly owners: Owners;
  /** What others owned and have lost to this application. */
  readonly conflicts: readonly Conflict[];
}

/** What becomes of an object, and of its owners, when somebody applies a configuration and minds no conflicts. */
export function apply({ schema, untouched, unowned, live, config, owners, by }: Application): Applied {
  const id = ownerId(by);
  const last = owners.get(id)?.fields.without(untouched) ?? FieldSet.empty;
  const mine: Owner = { ...owners.get(id), ...by, fields: fieldsOf(schema, config).without(untouched) };
  const all = new Map(owners).set(id, mine);
  const owned = [...all.values()].reduce((sum, { fields }) => sum.union(fields), FieldSet.empty);
  const object = prune(merge(schema, live, config), { schema, last, owned });
  const difference = disregarding(compare(schema, live, object), untouched);
  const { owners: left, conflicts } = settle(all, id, difference);
  return {
    object,
    isChanged: !isEqual(live, object),
    owners: withOwner(left, { ...mine, fields: mine.fields.difference(unowned) }),
    conflicts,
  };
}

/** Takes from all but one what is now another's or gone. Who owns nothing any more is an owner no more. */
function settle(owners: Owners, keep: string, difference: Difference) {
  const changed = difference.added.union(difference.modified);
  const left = new Map<string, Owner>();
  const conflicts: Conflict[] = [];
  for (const [id, owner] of owners) {
    let { fields } = owner;
    if (id !== keep) {
      const lost = fields.intersection(changed);
      if (!lost.isEmpty) conflicts.push({ owner, fields: lost });
      fields = fields.difference(lost).difference(difference.removed);
    }
    if (id === keep || !fields.isEmpty) left.set(id, fields === owner.fields ? owner : { ...owner, fields });
  }
  return { owners: left, conflicts };
}

/** The owners as the kind is now: of its version alone, with sets that its schema can have. */
export function currentOwners(owners: Owners, schema: Schema, apiVersion: string): Owners {
  const current = [...owners].filter(([, owner]) => owner.apiVersion === apiVersion);
  return new Map(current.map(([id, owner]) => [id, { ...owner, fields: reconcile(schema, owner.fields) }]));
}
