/** From rendered manifests to one tree for each object, with conditions for all variants. */
import { isDeepStrictEqual } from "node:util";
import { mergeUnder } from "./merge.ts";
import { keyOf, type Manifest, type Render } from "./source.ts";
import { and, type MapNode, or, treeOf } from "./tree.ts";
import type { Group } from "./variants.ts";

/** An object of the chart. */
export interface ChartObject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  /** Below `templates/`, without its suffix. */
  readonly file: string;
  /** The condition under which it is there. @default always */
  when?: string;
  readonly tree: MapNode;
}

interface Assembled extends ChartObject {
  /** As it is without any component. */
  readonly source: Manifest;
  /** Whether a component changes it. */
  isChanged: boolean;
}

/**
 * All objects of a group. What its shapes have alike, and no component changes, is one object; anything else is one for
 * each shape.
 */
export function assemble(render: Render, group: Group): ChartObject[] {
  const [first, ...others] = group.shapes;
  if (first === undefined) return [];
  const objects = assembleShape(render, group, first.path);
  const found: Assembled[] = [];
  for (const shape of others) {
    for (const [key, other] of assembleShape(render, group, shape.path)) {
      const one = objects.get(key);
      const isPlain = one !== undefined && !one.isChanged && !other.isChanged && one.when === other.when;
      if (isPlain) {
        mergeUnder(shape.when, one.tree, one.source, other.source, key);
        found.push(one);
      } else if (one !== undefined && isDeepStrictEqual([one.tree, one.when], [other.tree, other.when])) {
        found.push(one);
      } else {
        other.when = other.when === undefined ? shape.when : and(shape.when, other.when);
        found.push(other);
      }
    }
  }
  for (const one of objects.values()) {
    if (found.includes(one)) continue;
    if (others.length > 0) one.when = one.when === undefined ? first.when : and(first.when, one.when);
    found.push(one);
  }
  for (const one of group.when === undefined ? [] : found) {
    one.when = one.when === undefined ? group.when! : and(group.when, one.when);
  }
  return found;
}

/** One shape: what it always has, and, under their conditions, what components add and change. */
function assembleShape(render: Render, group: Group, shape: string): Map<string, Assembled> {
  const base = render(shape);
  const objects = new Map<string, Assembled>();
  const make = (source: Manifest, file: string, when?: string) => {
    const { kind, metadata: { name, namespace } } = source;
    objects.set(keyOf(source), {
      kind,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      file,
      ...(when === undefined ? {} : { when }),
      tree: treeOf(source) as MapNode,
      source,
      isChanged: false,
    });
  };
  for (const object of base) make(object, group.fileOf(object.kind, object.metadata.name));
  const last = group.last?.[shape] ?? [];
  if (!isDeepStrictEqual(last.length === 0 ? base : render(shape, last), base)) {
    throw new Error(`${last.join()} changes ${shape} without any component`);
  }
  for (const { path, when, file } of group.components) {
    const variant = new Map(render(shape, [path, ...last]).map((each) => [keyOf(each), each]));
    for (const object of base) {
      const key = keyOf(object);
      const own = objects.get(key)!;
      const other = variant.get(key);
      if (other === undefined) throw new Error(`${path} takes ${key} away: the chart cannot say that`);
      if (!isDeepStrictEqual(object, other)) {
        mergeUnder(when, own.tree, object, other, key);
        own.isChanged = true;
      }
      variant.delete(key);
    }
    for (const [key, object] of variant) {
      const there = objects.get(key);
      if (there === undefined) make(object, file, when);
      else if (there.when !== undefined && isDeepStrictEqual(there.source, object)) {
        there.when = or([there.when, when]);
      } else throw new Error(`${path} has another ${key} than the component before it`);
    }
  }
  return objects;
}
