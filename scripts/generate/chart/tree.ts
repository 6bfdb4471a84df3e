/**
 * Templates of Helm as a tree: what an object is in YAML, and where it depends on values. Data; `emit.ts` writes it.
 */

/** Plain data, as it is parsed of YAML or JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A value of an object. */
export type Node = Scalar | Expression | Values | MapNode | ListNode;

/** A text, a number, a boolean or null, as it is. */
export interface Scalar {
  readonly kind: "scalar";
  readonly value: null | boolean | number | string;
}

/** One value that the template's expression gives: `{{ expression }}`. */
export interface Expression {
  readonly kind: "expression";
  readonly expression: string;
}

/** A map or list that the expression gives, as YAML. In a list or a map without a key it is what is added there. */
export interface Values {
  readonly kind: "values";
  readonly expression: string;
}

/** A map; an entry without a key adds what its {@linkcode Values} give. */
export interface MapNode {
  readonly kind: "map";
  entries: Part[];
}

/** A list. */
export interface ListNode {
  readonly kind: "list";
  entries: Part[];
}

/** What a map or list is made of. */
export interface Part {
  /** Of maps. */
  readonly key?: string;
  value: Node;
  /** The condition under which it is there. @default always */
  when?: string;
  /** What is there in its place under a condition; the first that holds counts. */
  instead?: { readonly when: string; readonly value: Node }[];
  /** Comes of the object as it is without any component. */
  readonly isBase?: boolean;
}

/** A {@linkcode Scalar}. */
export function scalar(value: Scalar["value"]): Scalar {
  return { kind: "scalar", value };
}

/** An {@linkcode Expression}. */
export function expression(text: string): Expression {
  return { kind: "expression", expression: text };
}

/** {@linkcode Values}. */
export function values(text: string): Values {
  return { kind: "values", expression: text };
}

/** The tree of plain data; all its parts are base. */
export function treeOf(json: Json): Node {
  if (isList(json)) {
    return { kind: "list", entries: json.map((item) => ({ value: treeOf(item), isBase: true })) };
  }
  if (isMap(json)) {
    const entries = Object.entries(json).map(([key, item]) => ({ key, value: treeOf(item), isBase: true }));
    return { kind: "map", entries };
  }
  return scalar(json);
}

/** Both conditions. */
export function and(one: string | undefined, other: string): string {
  return one === undefined || one === other ? other : `and ${grouped(one)} ${grouped(other)}`;
}

/** One of the conditions. Each is named once. */
export function or(conditions: readonly string[]): string {
  const each = [...new Set(conditions)];
  return each.length === 1 ? each[0]! : `or ${each.map(grouped).join(" ")}`;
}

/** The opposite. */
export function not(condition: string): string {
  return `not ${grouped(condition)}`;
}

function grouped(condition: string): string {
  return condition.includes(" ") ? `(${condition})` : condition;
}

/** Whether it is a list. */
export function isList(json: Json | undefined): json is readonly Json[] {
  return Array.isArray(json);
}

/** Whether it is a map. */
export function isMap(json: Json | undefined): json is { readonly [key: string]: Json } {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/** The entry of a key that is always there, or the first of that key. */
export function entryOf(map: MapNode, key: string): Part | undefined {
  return map.entries.find((entry) => entry.key === key);
}

/**
 * The part at a path of keys and positions. @throws {Error} where there is none: the manifests have changed, and what the
 * chart makes of them has to be looked at
 */
export function partAt(tree: Node, path: readonly (string | number)[]): Part {
  let node = tree;
  let found: Part | undefined;
  for (const step of path) {
    found = node.kind === "map" && typeof step === "string"
      ? entryOf(node, step)
      : node.kind === "list" && typeof step === "number"
      ? node.entries[step]
      : undefined;
    if (found === undefined) throw new Error(`nothing is at ${path.join(".")} (looked for ${step})`);
    node = found.value;
  }
  if (found === undefined) throw new Error("a path must name something");
  return found;
}

/** The map at a path; see {@linkcode partAt}. The empty path is the tree itself. */
export function mapAt(tree: Node, path: readonly (string | number)[]): MapNode {
  const node = path.length === 0 ? tree : partAt(tree, path).value;
  if (node.kind !== "map") throw new Error(`${path.join(".")} is no map`);
  return node;
}

/** The list at a path, which is made, empty, where its map has no such key. */
export function listAt(tree: Node, path: readonly (string | number)[]): ListNode {
  const key = path.at(-1);
  if (typeof key !== "string") throw new Error(`${path.join(".")} does not end in a key`);
  const map = mapAt(tree, path.slice(0, -1));
  const entry = entryOf(map, key);
  if (entry === undefined) {
    const list: ListNode = { kind: "list", entries: [] };
    map.entries.push({ key, value: list });
    return list;
  }
  if (entry.value.kind !== "list") throw new Error(`${path.join(".")} is no list`);
  return entry.value;
}

/** Sets a key of a map to a node, in the place of what is there. */
export function setKey(map: MapNode, key: string, value: Node, when?: string): void {
  const part: Part = { key, value, ...(when === undefined ? {} : { when }) };
  const index = map.entries.findIndex((entry) => entry.key === key);
  if (index < 0) map.entries.push(part);
  else map.entries.splice(index, 1, part);
}
