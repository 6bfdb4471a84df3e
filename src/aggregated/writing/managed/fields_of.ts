/** Which fields a configuration has, and so which its manager owns. */
import { type FieldNode, FieldSet } from "./field_set.ts";
import { isMap, type Json } from "./json.ts";
import { fieldElement, type PathElement } from "./path.ts";
import {
  asList,
  asMap,
  fieldSchema,
  isWhole,
  itemElement,
  type ListSchema,
  type MapSchema,
  SCALAR,
  type Schema,
  shapeOf,
} from "./schema.ts";

interface Fields {
  /** Whether the value itself counts as a field, however it is embedded. */
  readonly isField: boolean;
  readonly below: FieldSet;
}

const NONE: Fields = { isField: false, below: FieldSet.empty };
const WHOLE: Fields = { isField: true, below: FieldSet.empty };

/**
 * The fields of an object: values, what is atomic, empty maps, items of lists, keys of maps that are no structures.
 * Neither structures nor lists themselves: owning a field is not owning what it is in.
 */
export function fieldsOf(schema: Schema, value: Json): FieldSet {
  return fields(schema, value).below;
}

function fields(schema: Schema, value: Json): Fields {
  const shape = shapeOf(schema, value) ?? SCALAR;
  if (isWhole(shape) || shape.kind === "scalar") return WHOLE;
  return shape.kind === "map" ? fieldsOfMap(shape, value) : fieldsOfList(shape, value);
}

function fieldsOfMap(map: MapSchema, value: Json): Fields {
  const nodes = Object.entries(asMap(value) ?? {}).map(([name, child]): FieldNode => {
    const { isField, below } = fields(fieldSchema(map, name), child);
    const isEmpty = child === null || (isMap(child) && Object.keys(child).length === 0);
    return { element: fieldElement(name), isMember: isField || isEmpty || !map.fields.has(name), below };
  });
  return { isField: false, below: FieldSet.ofNodes(nodes) };
}

function fieldsOfList(list: ListSchema, value: Json): Fields {
  const items = asList(value);
  if (items === undefined) return NONE;
  const seen = new Map<string, FieldNode>();
  for (const item of items) {
    const element: PathElement = itemElement(list, item);
    // Of items that cannot be told apart nothing can be owned but all of them together.
    const below = seen.has(element.id) ? FieldSet.empty : fields(list.items, item).below;
    seen.set(element.id, { element, isMember: true, below });
  }
  return { isField: false, below: FieldSet.ofNodes(seen.values()) };
}
