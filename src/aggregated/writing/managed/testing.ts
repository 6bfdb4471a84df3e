/** A small kind, and random values of it. For tests alone. */
import type { ManagedFieldsEntry } from "../../../api/kubernetes/types.ts";
import type { KubeObject } from "../../../api/object.ts";
import { below, pick } from "../../../telemetry/testing/random.ts";
import { FieldSet } from "./field_set.ts";
import type { Json, JsonMap } from "./json.ts";
import { fieldElement, keyElement, type Path, type PathElement, valueElement } from "./path.ts";
import type { ListSchema, MapSchema, Schema } from "./schema.ts";
import { fromOpenApi } from "./schema_source.ts";
import type { WriteScope } from "./scope.ts";

const TEXT = { type: "string" };
const TEXTS = { type: "object", additionalProperties: TEXT };

/** The spec of the kind, as OpenAPI has it. */
export const SPEC = {
  type: "object",
  properties: {
    title: TEXT,
    size: { type: "integer" },
    on: { type: "boolean" },
    limits: TEXTS,
    files: { ...TEXTS, "x-kubernetes-map-type": "atomic" },
    args: { type: "array", items: TEXT },
    tags: { type: "array", items: TEXT, "x-kubernetes-list-type": "set" },
    ports: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["port", "protocol"],
      items: {
        type: "object",
        properties: { port: { type: "integer" }, protocol: TEXT, name: TEXT, labels: TEXTS },
      },
    },
    groups: { type: "object", additionalProperties: { type: "object", properties: { a: TEXT, b: TEXT } } },
    extra: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  },
};

export const specSchema = fromOpenApi(SPEC) as MapSchema;

/** The whole object. */
export const schema: Schema = {
  kind: "map",
  isAtomic: false,
  fields: new Map<string, Schema>([
    ["apiVersion", fromOpenApi(TEXT)],
    ["kind", fromOpenApi(TEXT)],
    ["metadata", fromOpenApi({ $ref: "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" })],
    ["spec", specSchema],
    ["status", fromOpenApi({ type: "object", properties: { phase: TEXT } })],
  ]),
};

export const scope: WriteScope = {
  type: { group: "test.coder.com", version: "v1", kind: "Thing", plural: "things", namespaced: true },
  schema,
  untouched: [["status"]],
};

export const API_VERSION = "test.coder.com/v1";
export const NOW = new Date("2026-01-02T03:04:05.678Z");
export const NOW_TEXT = "2026-01-02T03:04:05Z";
export const LATER = new Date("2026-01-02T04:00:00Z");
export const LATER_TEXT = "2026-01-02T04:00:00Z";

/** An object of the kind. */
export function thing(
  spec?: JsonMap,
  metadata: Partial<KubeObject["metadata"]> = {},
  status?: JsonMap,
): KubeObject {
  return {
    apiVersion: API_VERSION,
    kind: "Thing",
    metadata: { name: "a", ...metadata },
    ...(spec === undefined ? {} : { spec }),
    ...(status === undefined ? {} : { status }),
  } as KubeObject;
}

/** An entry of managed fields. */
export function entry(
  manager: string,
  operation: "Apply" | "Update",
  fieldsV1: JsonMap,
  more: Partial<ManagedFieldsEntry> = { time: NOW_TEXT },
): ManagedFieldsEntry {
  return { apiVersion: API_VERSION, fieldsType: "FieldsV1", fieldsV1, manager, operation, ...more };
}

export function list(type: ListSchema["type"], keys: readonly string[] = []): ListSchema {
  return { kind: "list", type, keys, items: { kind: "untyped" } };
}

/** One of a few path elements, so that random paths meet. */
export function randomElement(random: () => number): PathElement {
  return pick(random, [
    fieldElement("a"),
    fieldElement("b"),
    fieldElement("c.d/e"),
    keyElement({ name: "a" }),
    keyElement({ port: 1, name: "a" }),
    valueElement("a"),
    valueElement(1),
  ]);
}

export function randomPaths(random: () => number): Path[] {
  return Array.from(
    { length: below(random, 8) },
    () => Array.from({ length: 1 + below(random, 3) }, () => randomElement(random)),
  );
}

export function randomSet(random: () => number): FieldSet {
  return FieldSet.ofPaths(randomPaths(random));
}

/** A random spec: valid, with items that are there once. */
export function randomSpec(random: () => number): JsonMap {
  const word = () => pick(random, ["x", "y", "z"]);
  const words = () => [...new Set(Array.from({ length: below(random, 4) }, word))];
  const texts = () => Object.fromEntries(words().map((key) => [key, word()]));
  const makers: Record<string, () => Json> = {
    title: word,
    size: () => below(random, 3),
    on: () => random() < 0.5,
    limits: texts,
    files: texts,
    args: words,
    tags: words,
    ports: () =>
      words().map((protocol, port) => ({ port, protocol, ...(random() < 0.5 ? { labels: texts() } : {}) })),
    groups: () => Object.fromEntries(words().map((key) => [key, random() < 0.5 ? {} : { a: word() }])),
    extra: () => ({ ...texts(), deep: { [word()]: words() } }),
  };
  return Object.fromEntries(
    Object.entries(makers).filter(() => random() < 0.5).map(([name, make]) => [name, make()]),
  );
}

/** Calls `check` with generators of several seeds; a failure names its seed. */
export function forSeeds(
  count: number,
  seeded: (seed: number) => () => number,
  check: (random: () => number) => void,
) {
  for (let seed = 1; seed <= count; seed++) {
    try {
      check(seeded(seed));
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }
}
