/**
 * Sets of field paths as the API server keeps them in `metadata.managedFields[].fieldsV1`.
 * A key is `f:<field>`, `k:<keys of a list item as JSON>`, `v:<value of a set item as JSON>` or `i:<index>`; `.` says that
 * the path itself is in the set beside what is below it, and an empty object says so where nothing is below.
 * Source: structured-merge-diff, fieldpath/serialize.go.
 */
import { canonicalJson } from "./canonical_json.ts";

/** One step of a path: a field name, or a list item by its keys, its value or its place. */
export type PathStep = string | { readonly key: Readonly<Record<string, unknown>> } | {
  readonly value: unknown;
} | {
  readonly index: number;
};

/** From the root of the object. */
export type FieldPath = readonly PathStep[];

/** A set of field paths. Never changed in place: operations return new sets. */
export interface FieldSet {
  /** The path that leads here is in the set. */
  readonly member: boolean;
  /** By serialised, canonical step. */
  readonly children: ReadonlyMap<string, FieldSet>;
}

/** The set with nothing in it. */
export const emptyFieldSet: FieldSet = { member: false, children: new Map() };

/** Reads a `fieldsV1`. What is not an object reads as the empty set: managed fields are foreign data. */
export function parseFields(fieldsV1: unknown): FieldSet {
  return { ...parseNode(fieldsV1), member: false };
}

/** The `fieldsV1` of a set. */
export function serializeFields(set: FieldSet): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  if (set.member && set.children.size > 0) result["."] = {};
  for (const step of [...set.children.keys()].sort()) {
    const child = set.children.get(step);
    if (child !== undefined && !isEmptyFieldSet(child)) result[step] = serializeFields(child);
  }
  return result;
}

/** True where the set holds no path at all. */
export function isEmptyFieldSet(set: FieldSet): boolean {
  if (set.member) return false;
  for (const child of set.children.values()) if (!isEmptyFieldSet(child)) return false;
  return true;
}

/** Every path that is in one of the sets. */
export function unionFields(first: FieldSet, ...others: readonly FieldSet[]): FieldSet {
  return others.reduce((left, right) => {
    const children = new Map(left.children);
    for (const [step, child] of right.children) {
      const known = children.get(step);
      children.set(step, known === undefined ? child : unionFields(known, child));
    }
    return { member: left.member || right.member, children };
  }, first);
}

/** The set without `path` and everything below it. */
export function withoutField(set: FieldSet, path: FieldPath): FieldSet {
  const [step, ...rest] = path;
  if (step === undefined) return emptyFieldSet;
  const name = stepText(step);
  const child = set.children.get(name);
  if (child === undefined) return set;
  const left = withoutField(child, rest);
  if (left === child) return set;
  const children = new Map(set.children);
  if (isEmptyFieldSet(left)) children.delete(name);
  else children.set(name, left);
  return { member: set.member, children };
}

/** `path` and everything below it, as far as the set has it. */
export function onlyField(set: FieldSet, path: FieldPath): FieldSet {
  const [step, ...rest] = path;
  if (step === undefined) return set;
  const child = set.children.get(stepText(step));
  if (child === undefined) return emptyFieldSet;
  return { member: false, children: new Map([[stepText(step), onlyField(child, rest)]]) };
}

/** True where exactly this path is in the set. */
export function owns(set: FieldSet, path: FieldPath): boolean {
  return subsetAt(set, path)?.member ?? false;
}

/** True where the path, or anything below it, is in the set. */
export function ownsWithin(set: FieldSet, path: FieldPath): boolean {
  const subset = subsetAt(set, path);
  return subset !== undefined && !isEmptyFieldSet(subset);
}

/** The step as it stands in `fieldsV1`, list keys in the server's order. */
export function stepText(step: PathStep): string {
  if (typeof step === "string") return `f:${step}`;
  if ("key" in step) return `k:${canonicalJson(step.key)}`;
  if ("value" in step) return `v:${canonicalJson(step.value)}`;
  return `i:${step.index}`;
}

/** The reverse of {@linkcode stepText}; undefined for what this version does not know. */
export function parseStep(text: string): PathStep | undefined {
  const rest = text.slice(2);
  switch (text.slice(0, 2)) {
    case "f:":
      return rest;
    case "k:": {
      const key = parseJson(rest);
      return isRecord(key) ? { key } : undefined;
    }
    case "v:": {
      const value = parseJson(rest);
      return value === undefined ? undefined : { value };
    }
    case "i:":
      return /^\d+$/.test(rest) ? { index: Number(rest) } : undefined;
    default:
      return undefined;
  }
}

function subsetAt(set: FieldSet, path: FieldPath): FieldSet | undefined {
  let at: FieldSet | undefined = set;
  for (const step of path) at = at?.children.get(stepText(step));
  return at;
}

function parseNode(node: unknown): FieldSet {
  if (!isRecord(node)) return emptyFieldSet;
  const children = new Map<string, FieldSet>();
  let member = false;
  for (const [text, below] of Object.entries(node)) {
    if (text === ".") {
      member = true;
      continue;
    }
    const step = parseStep(text);
    // Steps of a kind that does not exist yet are dropped, as the API server itself does.
    if (step === undefined || !isRecord(below)) continue;
    const child = parseNode(below);
    children.set(stepText(step), Object.keys(below).length === 0 ? { ...child, member: true } : child);
  }
  return { member, children };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
