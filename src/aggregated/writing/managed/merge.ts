/** An applied configuration laid over an object. */
import { type Json, mapOf, own } from "./json.ts";
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
  shapesOf,
} from "./schema.ts";

/**
 * The object with everything that the configuration says. Nothing is taken away: what the configuration does not have
 * stays, as do items of lists that are merged. Both must be valid; the configuration must not say an item twice.
 */
export function merge(schema: Schema, live: Json, config: Json): Json {
  return mergeValues(schema, live, config) ?? live;
}

function mergeValues(schema: Schema, live: Json | undefined, config: Json | undefined): Json | undefined {
  // Where they are different things, the configuration decides what it is.
  const shape = shapesOf(schema, live, config).at(-1)!;
  if (isWhole(shape) || isBarren(shape, live) && isBarren(shape, config)) {
    return config === undefined ? live : config;
  }
  if (shape.kind === "list") return mergeLists(shape, asList(live) ?? [], asList(config) ?? []);
  return shape.kind === "map" ? mergeMaps(shape, live, config) : config;
}

function mergeMaps(map: MapSchema, live: Json | undefined, config: Json | undefined): Json {
  const [left, right] = [asMap(live), asMap(config)];
  const names = new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})]);
  const entries: [string, Json][] = [];
  for (const name of names) {
    const merged = mergeValues(fieldSchema(map, name), own(left, name), own(right, name));
    if (merged !== undefined) entries.push([name, merged]);
  }
  return mapOf(entries);
}

interface Item {
  readonly id: string;
  readonly value: Json;
}

/**
 * The items of both. Those of the configuration come in its order; the others keep the place that they have among
 * those before them.
 */
function mergeLists(list: ListSchema, live: readonly Json[], config: readonly Json[]): Json {
  const identified = (value: Json): Item => ({ id: itemElement(list, value).id, value });
  const [left, right] = [live.map(identified), config.map(identified)];
  const ofLive = uniqueById(left);
  const ids = { live: new Set(left.map(({ id }) => id)), config: new Set(right.map(({ id }) => id)) };
  const nextShared = nextSharedFrom(right, ids.live);
  const done = new Set<string>();
  const merged: Json[] = [];
  const take = (item: Item) => {
    done.add(item.id);
    const value = mergeValues(list.items, ofLive.get(item.id), item.value);
    if (value !== undefined) merged.push(value);
  };
  for (let l = 0, r = 0; l < left.length || r < right.length;) {
    const [mine, theirs] = [left[l], right[r]];
    if (mine !== undefined && !ids.config.has(mine.id)) {
      merged.push(mine.value);
      l++;
    } else if (mine !== undefined && theirs !== undefined && mine.id === theirs.id) {
      take(theirs);
      l++, r++;
    } else if (mine !== undefined && nextShared[r] !== undefined && nextShared[r] !== mine.id) {
      // It comes, or came, where the configuration has it.
      l++;
    } else {
      if (mine !== undefined && done.has(mine.id)) l++;
      if (theirs !== undefined) take(theirs), r++;
    }
  }
  return merged;
}

/** For each place in the configuration, the next item from there on that the object has, too. */
function nextSharedFrom(config: readonly Item[], live: ReadonlySet<string>): (string | undefined)[] {
  const next: (string | undefined)[] = [];
  for (let at = config.length - 1; at >= 0; at--) {
    const { id } = config[at]!;
    next[at] = live.has(id) ? id : next[at + 1];
  }
  return next;
}

/** Items that are there several times are not merged with anything: nobody could tell with which. */
function uniqueById(items: readonly Item[]): ReadonlyMap<string, Json | undefined> {
  const found = new Map<string, Json | undefined>();
  for (const { id, value } of items) found.set(id, found.has(id) ? undefined : value);
  return found;
}
