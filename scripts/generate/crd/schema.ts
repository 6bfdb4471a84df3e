/** From a zod schema of `src/api` to the structural schema of a CRD. */
import { z } from "zod";
import type { GeneratorKeys } from "../../../src/api/field.ts";
import type { Extract } from "../kubernetes/document.ts";
import { expandByName, type Structural } from "./expand.ts";

/** The structural schema: keys sorted, so that the same source gives the same text. */
export function structuralSchema(extract: Extract, schema: z.ZodType): Structural {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any", target: "openapi-3.0" });
  return convert(extract, json as Structural);
}

function convert(extract: Extract, json: Structural): Structural {
  const { storedDefault, kubernetes, overlay, brief, ...own } = json as Structural & GeneratorKeys;
  // Defaults of zod are those of reading; what the server stores is said apart.
  const { default: _read, additionalProperties, properties, items, ...rest } = own as Structural;
  const base = kubernetes === undefined
    ? {}
    : merge(structure(extract, kubernetes, brief === true), (overlay ?? {}) as Structural);
  const result: Structural = { ...base, ...rest };
  if (isObject(properties)) {
    result["properties"] = Object.fromEntries(
      Object.entries(properties).map(([name, child]) => [name, convert(extract, child as Structural)]),
    );
  }
  if (items !== undefined) result["items"] = convert(extract, items as Structural);
  if (isObject(additionalProperties) && properties === undefined) {
    result["additionalProperties"] = convert(extract, additionalProperties);
  }
  if (storedDefault !== undefined) result["default"] = storedDefault;
  const description = describe(result["description"], storedDefault);
  if (description === "") delete result["description"];
  else result["description"] = description;
  return sorted(result);
}

function structure(extract: Extract, name: string, brief: boolean): Structural {
  const whole = expandByName(extract, name);
  return brief ? withDescriptions(whole, 2) : whole;
}

/** Descriptions of so many levels alone; the level of `schema` itself counts. */
function withDescriptions(schema: Structural, levels: number): Structural {
  const { description, ...result } = schema;
  if (levels > 0 && description !== undefined) result["description"] = description;
  const { properties } = schema;
  if (isObject(properties)) {
    result["properties"] = Object.fromEntries(
      Object.entries(properties).map(([name, child]) => [
        name,
        withDescriptions(child as Structural, levels - 1),
      ]),
    );
  }
  for (const key of ["items", "additionalProperties"]) {
    const below = schema[key];
    if (isObject(below)) result[key] = withDescriptions(below, levels - 1);
  }
  return result;
}

/** The description, with the default where the server stores one that the text does not mention. */
function describe(description: unknown, storedDefault: unknown): string {
  const text = typeof description === "string" ? description : "";
  const worthSaying = storedDefault !== undefined && typeof storedDefault !== "object" &&
    !text.includes("Default:");
  return worthSaying && text !== "" ? `${text} Default: ${storedDefault}.` : text;
}

/** `overlay` over `base`, key by key. */
export function merge(base: Structural, overlay: Structural): Structural {
  const result = { ...base };
  for (const [key, value] of Object.entries(overlay)) {
    const below = result[key];
    result[key] = isObject(value) && isObject(below) ? merge(below, value) : value;
  }
  return result;
}

/** The same value with the keys of every object in alphabetical order. Lists keep theirs. */
export function sorted(value: Structural): Structural {
  const visit = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(visit);
    if (!isObject(node)) return node;
    return Object.fromEntries(Object.keys(node).sort().map((key) => [key, visit(node[key])]));
  };
  return visit(value) as Structural;
}

function isObject(value: unknown): value is Structural {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
