/** One page for each kind: every field, from the schemas of `src/api`. */
import { z } from "zod";
import { aggregatedDefinitions } from "../../../src/api/aggregated_kinds.ts";
import type { PrinterColumn } from "../../../src/api/definition.ts";
import { kindDefinitions } from "../../../src/api/kinds.ts";
import type { ResourceType } from "../../../src/api/object.ts";
import type { GeneratedFile } from "../files.ts";
import { banner, code, page, prose, table } from "./markdown.ts";

/** A schema as JSON, with the keys that the CRD generator understands. */
interface Json {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly storedDefault?: unknown;
  readonly properties?: Readonly<Record<string, Json>>;
  readonly items?: Json;
  readonly additionalProperties?: Json | boolean;
  readonly required?: readonly string[];
  readonly kubernetes?: string;
  readonly overlay?: Json;
  readonly [key: string]: unknown;
}

/** One field. */
export interface Field {
  /** `spec.service.port`, `spec.rules[].host`, `spec.labels.*` */
  readonly path: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly default: string;
  readonly rules: readonly string[];
  readonly description: string;
}

interface Kind {
  readonly resource: ResourceType;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  readonly columns: readonly PrinterColumn[];
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  readonly selectableFields?: readonly string[];
  readonly rules?: readonly { readonly message: string }[];
}

/** `docs/reference/<kind>.md`. */
export function kindFiles(): Promise<GeneratedFile[]> {
  const kinds: readonly Kind[] = [...kindDefinitions, ...aggregatedDefinitions];
  return Promise.resolve(kinds.map((kind) => ({
    path: `docs/reference/${kind.resource.kind.toLowerCase()}.md`,
    content: kindPage(kind),
  })));
}

/** Every field of a part of a kind, in the order of its schema. */
export function fieldsOf(part: string, schema: z.ZodType): Field[] {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any", target: "openapi-3.0" });
  return [...below(part, json as Json)];
}

function kindPage(kind: Kind): string {
  const { resource: { group, version, kind: name, plural }, selectableFields = [], rules = [] } = kind;
  const part = (title: string, fields: readonly Field[]) => [
    `## ${title}`,
    table(
      ["Field", "Type", "Default", "Rules", "Meaning"],
      fields.map((field) => [
        `<a id="${anchorOf(field.path)}"></a>${code(field.path)}${field.isRequired ? " (required)" : ""}`,
        prose(field.type),
        code(field.default),
        field.rules.join("<br>"),
        prose(field.description),
      ]),
    ),
  ];
  return page(
    `# ${name}`,
    banner("src/api/"),
    prose(kind.description),
    table(["What", "Value"], [
      ["API", code(`${group}/${version}`)],
      ["Resource", code(plural)],
      ["Short names", kind.shortNames.map(code).join(", ")],
      ["Field selectors", ["metadata.name", "metadata.namespace", ...selectableFields].map(code).join(", ")],
    ]),
    rules.length === 0
      ? ""
      : ["Rules over the whole object:", rules.map(({ message }) => `- ${prose(message)}`).join("\n")],
    "Types with a name of Kubernetes are its own structures, all of whose fields may be set; `kubectl explain` has " +
      "their fields, too.",
    part("spec", fieldsOf("spec", kind.spec)),
    part("status", fieldsOf("status", kind.status)),
    "## Columns",
    table(
      ["Column", "Field", "Meaning"],
      kind.columns.map(({ name, jsonPath, description, priority = 0 }) => [
        `${prose(name)}${priority > 0 ? " (with `-o wide`)" : ""}`,
        code(jsonPath),
        prose(description),
      ]),
    ),
  );
}

/** What a link names. */
export function anchorOf(path: string): string {
  return path.replaceAll("[]", "").replaceAll(".*", "").replaceAll(".", "-").toLowerCase();
}

function* below(path: string, schema: Json): Generator<Field> {
  const { properties = {}, required = [] } = schema;
  for (const [name, child] of Object.entries(properties)) {
    yield* field(`${path}.${name}`, child, required.includes(name) && !hasDefault(child));
  }
}

function* field(path: string, schema: Json, isRequired: boolean): Generator<Field> {
  yield {
    path,
    type: typeOf(schema),
    isRequired,
    default: defaultOf(schema),
    rules: rulesOf(schema),
    description: schema.description ?? "",
  };
  yield* inner(path, schema);
}

function* inner(path: string, schema: Json): Generator<Field> {
  if (schema.kubernetes !== undefined) return;
  yield* below(path, schema);
  if (schema.items !== undefined) yield* inner(`${path}[]`, schema.items);
  if (typeof schema.additionalProperties === "object") yield* inner(`${path}.*`, schema.additionalProperties);
}

function typeOf(schema: Json): string {
  const { kubernetes, type, items, additionalProperties, properties, format } = schema;
  if (schema["x-kubernetes-int-or-string"] === true) return "integer or string";
  if (kubernetes !== undefined) return kubernetes;
  if (type === "array") return `list of ${items === undefined ? "any" : typeOf(items)}`;
  if (properties === undefined && typeof additionalProperties === "object") {
    return `map of ${typeOf(additionalProperties)}`;
  }
  if (format === "date-time") return "time";
  return type ?? "any";
}

function hasDefault(schema: Json): boolean {
  return schema.default !== undefined || schema.storedDefault !== undefined;
}

/** Empty lists, maps and texts are what an absent field is anyway. */
function defaultOf(schema: Json): string {
  const value = schema.storedDefault ?? schema.default;
  if (value === undefined || value === "" || value === null) return "";
  if (typeof value === "object" && Object.keys(value).length === 0) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

const LIMITS: readonly (readonly [string, string])[] = [
  ["minimum", "at least"],
  ["maximum", "at most"],
  ["minLength", "length at least"],
  ["maxLength", "length at most"],
  ["minItems", "entries at least"],
  ["maxItems", "entries at most"],
];

/** Rules for single fields of a structure of Kubernetes. */
function overlayRules(path: string, schema: Json): string[] {
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    overlayRules(`${path}.${name}`, child)
  );
  const items = schema.items === undefined ? [] : overlayRules(`${path}[]`, schema.items);
  return [
    ...ownRules(schema).map((rule) => path === "" ? rule : `${code(path.replace(/^\./, ""))}: ${rule}`),
    ...fields,
    ...items,
  ];
}

function rulesOf(schema: Json): string[] {
  const items = schema.items === undefined || schema.items.properties !== undefined
    ? []
    : rulesOf(schema.items);
  return [
    ...ownRules(schema),
    ...(schema.overlay === undefined ? [] : overlayRules("", schema.overlay)),
    ...items.map((rule) => `each: ${rule}`),
  ];
}

function ownRules(schema: Json): string[] {
  const limits = LIMITS.flatMap(([key, words]) => {
    const value = schema[key];
    // What the type itself says is no rule.
    const isOfType = key === "maximum" && Number(value) >= 2 ** 31 - 1 ||
      key === "minimum" && Number(value) <= -(2 ** 31);
    return value === undefined || isOfType ? [] : [`${words} ${value}`];
  });
  const choices = schema["enum"];
  const cel = (schema["x-kubernetes-validations"] ?? []) as readonly { readonly message: string }[];
  const pattern = schema["pattern"];
  return [
    ...(Array.isArray(choices)
      ? [`one of ${choices.filter((one) => one !== "").map((one) => code(String(one))).join(", ")}`]
      : []),
    ...limits,
    ...(typeof pattern === "string" ? [`matches ${code(pattern)}`] : []),
    ...cel.map(({ message }) => prose(message)),
  ];
}
