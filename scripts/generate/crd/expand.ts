/** Kubernetes structures written out as structural schemas: no references, short descriptions. */
import { definitionOf, type Extract, refTarget, type Schema, shortName } from "../kubernetes/document.ts";
import { firstSentence } from "../kubernetes/text.ts";

/** A structural schema of a CRD, as JSON. */
export type Structural = { [key: string]: unknown };

/** Longest description of a field inside an embedded structure, in characters. Size matters: see the size test. */
const DESCRIPTION_LIMIT = 300;

const QUANTITY_PATTERN =
  "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$";
const INT_OR_STRING: Structural = {
  anyOf: [{ type: "integer" }, { type: "string" }],
  "x-kubernetes-int-or-string": true,
};

/** Definitions that a CRD writes otherwise than the OpenAPI document does. */
const SPECIAL: Readonly<Record<string, Structural>> = {
  IntOrString: INT_OR_STRING,
  Quantity: { ...INT_OR_STRING, pattern: QUANTITY_PATTERN },
  Time: { type: "string", format: "date-time" },
  MicroTime: { type: "string", format: "date-time" },
};

/** The fields of the metadata of an object inside an object, such as a volume claim template. */
const EMBEDDED_METADATA = ["annotations", "finalizers", "labels", "name", "namespace"];

/** The structure of that short name, written out. */
export function expandByName(extract: Extract, name: string): Structural {
  const definition = Object.keys(extract.definitions).find((candidate) => shortName(candidate) === name);
  if (definition === undefined) throw new Error(`no Kubernetes definition is called ${name}`);
  return expand(extract, { $ref: `#/definitions/${definition}` });
}

/** `schema` with every reference replaced by what it refers to. */
export function expand(extract: Extract, schema: Schema): Structural {
  const target = refTarget(schema);
  if (target === undefined) return inline(extract, schema);
  const name = shortName(target);
  const description = firstSentence(
    schema.description ?? definitionOf(extract, target).description,
    DESCRIPTION_LIMIT,
  );
  const base = SPECIAL[name] ??
    (name === "ObjectMeta" ? metadata(extract, target) : inline(extract, definitionOf(extract, target)));
  return {
    ...base,
    ...(description === "" ? {} : { description }),
    ...(schema.default === undefined ? {} : { default: schema.default }),
  };
}

function metadata(extract: Extract, target: string): Structural {
  const all = definitionOf(extract, target).properties ?? {};
  const properties = EMBEDDED_METADATA.flatMap((name) => {
    const schema = all[name];
    return schema === undefined ? [] : [[name, expand(extract, schema)] as const];
  });
  return { type: "object", properties: Object.fromEntries(properties) };
}

const COPIED = [
  "type",
  "format",
  "default",
  "required",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
] as const;

function inline(extract: Extract, schema: Schema): Structural {
  const result: Structural = {};
  const description = firstSentence(schema.description, DESCRIPTION_LIMIT);
  if (description !== "") result["description"] = description;
  for (const key of COPIED) if (schema[key] !== undefined) result[key] = schema[key];
  if (schema.format === "int-or-string") Object.assign(result, INT_OR_STRING);
  if (schema.properties !== undefined) {
    result["properties"] = Object.fromEntries(
      Object.entries(schema.properties).map(([name, child]) => [name, expand(extract, child)]),
    );
  }
  // The items' own description would only repeat that of the list.
  if (schema.items !== undefined) result["items"] = withoutDescription(expand(extract, schema.items));
  if (schema.additionalProperties !== undefined) {
    result["additionalProperties"] = withoutDescription(expand(extract, schema.additionalProperties));
  }
  return result;
}

function withoutDescription({ description: _, ...rest }: Structural): Structural {
  return rest;
}
