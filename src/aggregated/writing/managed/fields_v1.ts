/** Sets of fields as `metadata.managedFields` has them. */
import { type FieldNode, FieldSet } from "./field_set.ts";
import { isMap, type JsonMap } from "./json.ts";
import { parseElement } from "./path.ts";

/** The key that says that the element itself is in the set, where something below it is, too. */
const SELF = ".";
/** Nobody's object is this deep; a document that is must not end the process. */
const MAX_DEPTH = 1_000;

/** Writes a set; the keys stand in the order in which Kubernetes writes them. */
export function toFieldsV1(set: FieldSet): JsonMap {
  return Object.fromEntries(
    set.sortedNodes().map(({ element, isMember, below }) => [
      element.id,
      isMember && !below.isEmpty ? { [SELF]: {}, ...toFieldsV1(below) } : toFieldsV1(below),
    ]),
  );
}

/**
 * Reads a set. Elements of kinds that are not known are passed over.
 *
 * @throws {SyntaxError} for what is no set of fields
 */
export function fromFieldsV1(fields: unknown): FieldSet {
  return read(fields, 0);
}

function read(fields: unknown, depth: number): FieldSet {
  if (!isMap(fields)) throw new SyntaxError(`a set of fields is an object, not ${JSON.stringify(fields)}`);
  if (depth > MAX_DEPTH) throw new SyntaxError(`a set of fields is at most ${MAX_DEPTH} levels deep`);
  const nodes: FieldNode[] = [];
  for (const [key, value] of Object.entries(fields)) {
    if (key === SELF) continue;
    const element = parseElement(key);
    if (element === undefined) continue;
    const below = read(value, depth + 1);
    const isMember = isMap(value) && (Object.hasOwn(value, SELF) || Object.keys(value).length === 0);
    nodes.push({ element, isMember, below });
  }
  return FieldSet.ofNodes(nodes);
}
