/** What differs between two states of an object. */
import { type FieldSet, FieldSetDraft } from "./field_set.ts";
import { isEqual, type Json, own } from "./json.ts";
import { fieldElement, type Path, type PathElement } from "./path.ts";
import {
  asList,
  asMap,
  fieldSchema,
  isBarren,
  isWhole,
  itemElement,
  type ListSchema,
  type MapSchema,
  type Schema,
  type Shape,
  shapesOf,
} from "./schema.ts";

export interface Difference {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** Compares by the schema: what is atomic as a whole, lists by their items wherever those stand. */
export function compare(schema: Schema, before: Json, after: Json): Difference {
  const walk = new Walk();
  walk.values(schema, before, after, []);
  return { added: walk.added.toSet(), modified: walk.modified.toSet(), removed: walk.removed.toSet() };
}

/** A difference without what lies in certain fields. */
export function disregarding(difference: Difference, fields: FieldSet): Difference {
  if (fields.isEmpty) return difference;
  return {
    added: difference.added.without(fields),
    modified: difference.modified.without(fields),
    removed: difference.removed.without(fields),
  };
}

class Walk {
  readonly added = new FieldSetDraft();
  readonly modified = new FieldSetDraft();
  readonly removed = new FieldSetDraft();

  values(schema: Schema, before: Json | undefined, after: Json | undefined, path: Path): void {
    for (const shape of shapesOf(schema, before, after)) this.#shaped(shape, before, after, path);
    if (before === undefined) this.added.add(path);
    else if (after === undefined) this.removed.add(path);
  }

  #shaped(shape: Shape, before: Json | undefined, after: Json | undefined, path: Path): void {
    // Between two empty values the difference is what they are, such as null and an empty map.
    if (isWhole(shape) || isBarren(shape, before) && isBarren(shape, after)) {
      if (before !== undefined && after !== undefined && !isEqual(before, after)) this.modified.add(path);
    } else if (shape.kind === "map") this.#maps(shape, before, after, path);
    else if (shape.kind === "list") this.#lists(shape, before, after, path);
  }

  #maps(map: MapSchema, before: Json | undefined, after: Json | undefined, path: Path): void {
    const [left, right] = [asMap(before), asMap(after)];
    for (const name of new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})])) {
      const below = [...path, fieldElement(name)];
      this.values(fieldSchema(map, name), own(left, name), own(right, name), below);
    }
  }

  #lists(list: ListSchema, before: Json | undefined, after: Json | undefined, path: Path): void {
    const [left, right] = [groups(list, asList(before)), groups(list, asList(after))];
    for (const [id, { element }] of new Map([...left, ...right])) {
      const [mine, theirs] = [left.get(id)?.items ?? [], right.get(id)?.items ?? []];
      const below = [...path, element];
      if (mine.length <= 1 && theirs.length <= 1) this.values(list.items, mine[0], theirs[0], below);
      else if (mine.length === 0) this.added.add(below);
      else if (theirs.length === 0) this.removed.add(below);
      else if (!isEqual(mine, theirs)) this.modified.add(below);
    }
  }
}

function groups(list: ListSchema, items: readonly Json[] | undefined) {
  const found = new Map<string, { readonly element: PathElement; readonly items: Json[] }>();
  for (const item of items ?? []) {
    const element = itemElement(list, item);
    const group = found.get(element.id);
    if (group === undefined) found.set(element.id, { element, items: [item] });
    else group.items.push(item);
  }
  return found;
}
