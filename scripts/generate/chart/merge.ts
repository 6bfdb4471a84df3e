/** What a component changes of an object, written into the object's tree under a condition. */
import { isDeepStrictEqual } from "node:util";
import {
  and,
  entryOf,
  isList,
  isMap,
  type Json,
  type ListNode,
  type MapNode,
  type Node,
  not,
  or,
  type Part,
  treeOf,
} from "./tree.ts";

/**
 * Writes the differences of `variant` and `base` into `tree`, which is of `base` and may have those of other variants.
 *
 * @param when the condition under which the object is as `variant` says
 * @throws {Error} where another variant has changed the same scalar
 */
export function mergeUnder(when: string, tree: Node, base: Json, variant: Json, path = ""): void {
  if (tree.kind === "map" && isMap(base) && isMap(variant)) mergeMaps(when, tree, base, variant, path);
  else if (tree.kind === "list" && isList(base) && isList(variant)) {
    mergeLists(when, tree, base, variant, path);
  } else if (!isDeepStrictEqual(base, variant)) {
    throw new Error(`${path}: it is of another kind under ${when}`);
  }
}

type JsonMap = { readonly [key: string]: Json };

function mergeMaps(when: string, tree: MapNode, base: JsonMap, variant: JsonMap, path: string): void {
  for (const [key, value] of Object.entries(base)) {
    const part = tree.entries.find((entry) => entry.key === key && entry.isBase === true);
    if (part === undefined) throw new Error(`${path}.${key} is not in the tree`);
    const other = variant[key];
    if (other === undefined) part.when = and(part.when, not(when));
    else if (!isDeepStrictEqual(value, other)) change(when, part, value, other, `${path}.${key}`);
  }
  for (const [key, value] of Object.entries(variant)) {
    if (base[key] === undefined) add(when, tree, key, value, `${path}.${key}`);
  }
}

function change(when: string, part: Part, base: Json, variant: Json, path: string): void {
  const isNested = (isMap(base) && isMap(variant)) || (isList(base) && isList(variant) && variant.length > 0);
  if (isNested) mergeUnder(when, part.value, base, variant, path);
  else (part.instead ??= []).push({ when, value: treeOf(variant) });
}

/** A key that the base has not: others may have added it, too. */
function add(when: string, tree: MapNode, key: string, value: Json, path: string): void {
  const there = entryOf(tree, key);
  if (there === undefined) {
    const isOpen = (isMap(value) || isList(value)) && Object.keys(value).length > 0;
    tree.entries.push(isOpen ? { key, value: under(when, value) } : { key, value: treeOf(value), when });
    return;
  }
  if (there.when === undefined && there.value.kind === "list" && isList(value)) {
    there.value.entries.push(...(under(when, value) as ListNode).entries);
  } else if (there.when === undefined && there.value.kind === "map" && isMap(value)) {
    for (const [inner, each] of Object.entries(value)) {
      add(when, there.value, inner, each, `${path}.${inner}`);
    }
  } else if (isDeepStrictEqual(there.value, treeOf(value)) && there.when !== undefined) {
    there.when = or([there.when, when]);
  } else throw new Error(`${path}: it is set under ${there.when ?? "other conditions"}, and under ${when}`);
}

/** The tree of a map or list whose parts are there under a condition. */
function under(when: string, value: Json): Node {
  const tree = treeOf(value);
  if (tree.kind !== "map" && tree.kind !== "list") return tree;
  const entries = tree.entries.map(({ key, value: inner }): Part => ({
    ...(key === undefined ? {} : { key }),
    value: inner,
    when,
  }));
  return { ...tree, entries };
}

function mergeLists(
  when: string,
  tree: ListNode,
  base: readonly Json[],
  variant: readonly Json[],
  path: string,
): void {
  const own = tree.entries.filter(({ isBase }) => isBase === true);
  if (own.length !== base.length) throw new Error(`${path}: the tree is of another list`);
  let last: Part | undefined;
  for (const [one, other] of pairs(base, variant)) {
    if (one === undefined) {
      const at = last === undefined ? 0 : tree.entries.indexOf(last) + 1;
      const value = treeOf(variant[other!]!);
      // What two variants add is there under either condition.
      const there = tree.entries.find((entry) =>
        entry.isBase !== true && isDeepStrictEqual(entry.value, value)
      );
      if (there?.when !== undefined) there.when = or([there.when, when]);
      else tree.entries.splice(at, 0, last = { value, when });
      continue;
    }
    const part = own[one]!;
    if (other === undefined) part.when = and(part.when, not(when));
    else if (!isDeepStrictEqual(base[one], variant[other])) {
      mergeUnder(when, part.value, base[one]!, variant[other]!, `${path}[${one}]`);
    }
    last = part;
    // What others added here stays before what is added now.
    for (let next = tree.entries.indexOf(part) + 1;; next++) {
      const added = tree.entries[next];
      if (added === undefined || added.isBase === true) break;
      last = added;
    }
  }
}

type Pair = readonly [base: number | undefined, variant: number | undefined];

/** Which items are the same in two lists: a longest common sequence of their identities; the others stand alone. */
function pairs(base: readonly Json[], variant: readonly Json[]): Pair[] {
  const ours = base.map(identity);
  const theirs = variant.map(identity);
  const lengths = Array.from({ length: ours.length + 1 }, () => new Array<number>(theirs.length + 1).fill(0));
  for (let i = ours.length - 1; i >= 0; i--) {
    for (let j = theirs.length - 1; j >= 0; j--) {
      lengths[i]![j] = ours[i] === theirs[j]
        ? lengths[i + 1]![j + 1]! + 1
        : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  const found: Pair[] = [];
  let i = 0;
  let j = 0;
  while (i < ours.length || j < theirs.length) {
    if (i < ours.length && j < theirs.length && ours[i] === theirs[j]) found.push([i++, j++]);
    else if (i < ours.length && (j >= theirs.length || lengths[i + 1]![j]! >= lengths[i]![j + 1]!)) {
      found.push([i++, undefined]);
    } else found.push([undefined, j++]);
  }
  return found;
}

/** Keys by which Kubernetes tells items of its lists apart; where there are none, an item is what it says. */
const IDENTITY = ["kind", "namespace", "name", "mountPath", "containerPort", "topologyKey"] as const;

function identity(item: Json): string {
  if (!isMap(item) || (item["name"] === undefined && item["containerPort"] === undefined)) {
    return JSON.stringify(item);
  }
  return JSON.stringify(IDENTITY.map((key) => item[key] ?? null));
}
