/** Sets of fields that were written while the schema was another. */
import { type FieldNode, FieldSet } from "./field_set.ts";
import { isWhole, type Schema, schemaBelow } from "./schema.ts";

/**
 * The set as the schema has it now: who owned something inside of what has become atomic owns the whole. The other way
 * round nothing changes: what was owned as a whole stays owned, and what is in it is nobody's.
 */
export function reconcile(schema: Schema, fields: FieldSet): FieldSet {
  if (schema.kind === "untyped" || schema.kind === "scalar") return fields;
  let isSame = true;
  const nodes = [...fields.nodes.values()].map((node): FieldNode => {
    const below = schemaBelow(schema, node.element);
    if (below.kind === "untyped" || node.below.isEmpty) return node;
    const isOne = below.kind !== "scalar" && isWhole(below);
    const inside = isOne ? FieldSet.empty : reconcile(below, node.below);
    if (inside === node.below) return node;
    isSame = false;
    return { element: node.element, isMember: node.isMember || isOne, below: inside };
  });
  return isSame ? fields : FieldSet.ofNodes(nodes);
}
