/** `values.schema.json`: the types of the values, the comments of `values.yaml`, and the schema of the settings. */
import { z } from "zod";
import { expandByName, type Structural } from "../crd/expand.ts";
import type { Extract } from "../kubernetes/document.ts";
import type { DocumentedValue } from "./documented.ts";
import { coordinatorJsonSchema, type JsonSchema, settingsJsonSchema } from "./settings.ts";
import { chartValues } from "./values.ts";

/** The schema. @throws {Error} where values and schema do not have the same names, or a value has no comment */
export function valuesJsonSchema(extract: Extract, documented: readonly DocumentedValue[]): JsonSchema {
  const json = z.toJSONSchema(chartValues, { target: "draft-7", io: "input", unrepresentable: "any" });
  const root = converted(extract, json as JsonSchema);
  // Sub-charts get values of their parent's.
  const properties = { ...root["properties"] as JsonSchema, global: { type: "object" } };
  describe(root, documented);
  return { ...root, properties };
}

function converted(
  extract: Extract,
  { kubernetes, settings, required: _all, ...json }: JsonSchema,
): JsonSchema {
  if (settings === "product") return settingsJsonSchema();
  if (settings === "coordinator") return coordinatorJsonSchema();
  if (typeof kubernetes === "string") return structure(expandByName(extract, kubernetes));
  const result: JsonSchema = { ...json };
  const { properties, items, anyOf } = json;
  if (isObject(properties)) {
    const entries = Object.entries(properties).map(([name, child]) =>
      [name, converted(extract, child as JsonSchema)] as const
    );
    result["properties"] = Object.fromEntries(entries);
    // Values have defaults; what lists hold has none.
    if (Array.isArray(_all) && !("$schema" in json)) {
      const needed = _all.filter((name) => name === "name");
      if (needed.length > 0) result["required"] = needed;
    }
  }
  if (isObject(items)) result["items"] = converted(extract, items);
  if (Array.isArray(anyOf)) result["anyOf"] = anyOf.map((each) => converted(extract, each as JsonSchema));
  return result;
}

/**
 * Types of a structure of Kubernetes. A field that is not known passes: it may be one of a newer Kubernetes, and the API
 * server says what it does not know.
 */
function structure(schema: Structural): JsonSchema {
  const result: JsonSchema = {};
  for (const key of ["type", "required", "anyOf", "pattern"]) {
    if (schema[key] !== undefined) result[key] = schema[key];
  }
  // A quantity is a number or a text; the pattern is of texts.
  const { properties, items, additionalProperties } = schema;
  if (isObject(properties)) {
    result["properties"] = Object.fromEntries(
      Object.entries(properties).map(([name, child]) => [name, structure(child as Structural)]),
    );
  }
  if (isObject(items)) result["items"] = structure(items);
  if (isObject(additionalProperties)) result["additionalProperties"] = structure(additionalProperties);
  return result;
}

/** Comments as descriptions. */
function describe(root: JsonSchema, documented: readonly DocumentedValue[]): void {
  const names = new Set(documented.map(({ path }) => path.join(".")));
  for (const name of namesIn(root)) {
    if (!names.has(name)) throw new Error(`values.yaml does not have ${name}, which the schema has`);
  }
  for (const { path, text, isSection } of documented) {
    const name = path.join(".");
    let schema: JsonSchema = root;
    for (const step of path) {
      const below: unknown = (schema["properties"] as JsonSchema | undefined)?.[step];
      if (!isObject(below)) throw new Error(`the schema does not have ${name}, which values.yaml has`);
      schema = below;
    }
    if (text !== "") schema["description"] = text;
    else if (!isSection) throw new Error(`${name} has no comment in values.yaml`);
  }
}

/** Names of all values of a schema: what is fixed by name, down to what is free. */
function namesIn(schema: JsonSchema, path: readonly string[] = []): string[] {
  const properties = schema["properties"];
  if (!isObject(properties) || FREE.has(path.join("."))) return [];
  return Object.entries(properties).flatMap(([name, child]) => {
    const own = [...path, name];
    return [own.join("."), ...namesIn(child as JsonSchema, own)];
  });
}

/** Values whose fields are not the chart's, so that `values.yaml` does not list them. */
const FREE: ReadonlySet<string> = new Set([
  ...["config", "resources", "affinity"].flatMap((name) => [name, `coordinator.${name}`, `workers.${name}`]),
  "certManager.issuerRef",
  ...["controller", "apiserver", "mcp"].map((part) => `split.${part}.resources`),
]);

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
