/** An object without certain fields, and what of an object nobody wants any more. */
import { type FieldNode, FieldSet } from "./field_set.ts";
import { fieldsOf } from "./fields_of.ts";
import { type Json, mapOf } from "./json.ts";
import { fieldElement } from "./path.ts";
import {
  asList,
  asMap,
  fieldSchema,
  isWhole,
  itemElement,
  type Schema,
  schemaBelow,
  shapeOf,
} from "./schema.ts";

/** The object without the fields of the set, and without what is in them. Emptied maps and lists stay, as empty ones. */
export function removeFields(schema: Schema, value: Json, fields: FieldSet): Json {
  const shape = shapeOf(schema, value);
  if (fields.isEmpty || shape === undefined || isWhole(shape)) return value;
  if (shape.kind === "map") {
    const entries = Object.entries(asMap(value) ?? {}).map(([name, child]) =>
      [fieldElement(name), name, child] as const
    );
    const left = entries.filter(([element]) => !fields.hasMember(element));
    return value === null
      ? null
      : mapOf(left.map(([element, name, child]) =>
        [name, removeFields(fieldSchema(shape, name), child, fields.below(element))] as const
      ));
  }
  if (shape.kind !== "list") return value;
  const items = (asList(value) ?? []).map((item) => [itemElement(shape, item), item] as const);
  return value === null ? null : items.filter(([element]) => !fields.hasMember(element))
    .map(([element, item]) => removeFields(shape.items, item, fields.below(element)));
}

/**
 * The set with every structure and list that has a declared name and something of the set below it. Those are no
 * fields of their own ({@linkcode fieldsOf} leaves them out), but go when all that is in them goes.
 */
export function withNamed(schema: Schema, fields: FieldSet): FieldSet {
  const names = schema.kind === "map" ? schema.fields : undefined;
  return FieldSet.ofNodes([...fields.nodes.values()].map(({ element, isMember, below }): FieldNode => ({
    element,
    isMember: isMember || element.kind === "field" && names?.has(element.name) === true,
    below: withNamed(schemaBelow(schema, element), below),
  })));
}

export interface Pruning {
  readonly schema: Schema;
  /** What the manager has applied before. */
  readonly last: FieldSet;
  /** All that anybody owns now, the manager's new configuration included. */
  readonly owned: FieldSet;
}

/**
 * An object, merged with a configuration, without what the manager's last configuration had and nobody owns any more.
 * What nobody ever owned stays.
 */
export function prune(merged: Json, { schema, last, owned }: Pruning): Json {
  if (last.isEmpty) return merged;
  const named = (fields: FieldSet) => withNamed(schema, fields);
  const there = named(fieldsOf(schema, merged));
  const given = named(last);
  // First without all that was applied; what is then missing and wanted by somebody is put back.
  const bare = named(fieldsOf(schema, removeFields(schema, merged, given)));
  const unwanted = there.difference(bare.union(named(owned)));
  const wanted = named(fieldsOf(schema, removeFields(schema, merged, unwanted)));
  // What is gone and was never applied by this manager went with what it was in, and is put back as well.
  return removeFields(schema, merged, there.difference(wanted).intersection(given));
}
