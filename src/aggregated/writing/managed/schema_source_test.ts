import assert from "node:assert/strict";
import { z } from "zod";
import { group, int32, intOrText, optional, text, textMap } from "../../../api/field.ts";
import { templateDefinition } from "../../../api/template.ts";
import { workspaceDefinition } from "../../../api/workspace.ts";
import { type MapSchema, type Schema, UNTYPED } from "./schema.ts";
import { fromOpenApi, objectSchema } from "./schema_source.ts";

const TEXT = { kind: "scalar", type: "string" };

function at(schema: Schema, ...names: string[]): Schema {
  return names.reduce((found: Schema, name) => {
    assert.ok(found.kind === "map", `${name} is in a map`);
    const below = found.fields.get(name);
    assert.ok(below !== undefined, `${name} is declared`);
    return below;
  }, schema);
}

Deno.test("every object has its identity and the metadata of Kubernetes", () => {
  const schema = objectSchema({ schema: {} });
  assert.deepEqual(at(schema, "apiVersion"), TEXT);
  assert.deepEqual(at(schema, "kind"), TEXT);
  assert.deepEqual(at(schema, "metadata", "name"), TEXT);
  for (const name of ["labels", "annotations"]) {
    assert.deepEqual(at(schema, "metadata", name), {
      kind: "map",
      isAtomic: false,
      fields: new Map(),
      rest: TEXT,
    });
  }
  assert.deepEqual(at(schema, "metadata", "finalizers"), {
    kind: "list",
    type: "set",
    keys: [],
    items: TEXT,
  });
  const owners = at(schema, "metadata", "ownerReferences");
  assert.ok(owners.kind === "list" && owners.type === "map");
  assert.deepEqual(owners.keys, ["uid"]);
  assert.ok(owners.items.kind === "map" && owners.items.isAtomic);
  const managed = at(schema, "metadata", "managedFields");
  assert.ok(managed.kind === "list" && managed.type === "atomic");
});

Deno.test("what is declared, and nothing else, can be in a structure", () => {
  const schema = objectSchema({ schema: { spec: group("Spec.", { a: optional(text("A.")) }) } });
  const spec = at(schema, "spec") as MapSchema;
  assert.equal(spec.rest, undefined);
  assert.equal((schema as MapSchema).rest, undefined);
  assert.deepEqual([...spec.fields.keys()], ["a"]);
});

Deno.test("the files of a template are one field, its labels are many", () => {
  const { spec, status } = templateDefinition;
  const schema = objectSchema({ schema: { spec, status } });
  const files = at(schema, "spec", "files");
  assert.ok(files.kind === "map" && files.isAtomic);
  assert.deepEqual(at(schema, "spec", "displayName"), TEXT);
  const conditions = at(schema, "status", "conditions");
  assert.ok(conditions.kind === "list" && conditions.type === "map");
  assert.deepEqual(conditions.keys, ["type"]);
});

Deno.test("the fields of a workspace are of the types that they are declared with", () => {
  const { spec, status } = workspaceDefinition;
  const schema = objectSchema({ schema: { spec, status } });
  assert.deepEqual(at(schema, "spec", "running"), { kind: "scalar", type: "boolean" });
  assert.deepEqual(at(schema, "spec", "ttlMillis"), { kind: "scalar", type: "number" });
  // Null is allowed there, and is no other type.
  assert.deepEqual(at(schema, "status", "lastUsedAt"), TEXT);
  assert.equal(at(schema, "status", "health").kind, "map");
});

Deno.test("types are taken from zod as they are", () => {
  const spec = z.object({
    count: optional(int32("Count.")),
    size: optional(intOrText("Size.")),
    limits: textMap("Limits."),
    anything: z.unknown(),
    maybe: z.string().nullable(),
    args: z.array(z.string()),
    names: z.array(z.string()).meta({ "x-kubernetes-list-type": "set" }),
  });
  const schema = objectSchema({ schema: { spec } });
  assert.deepEqual(at(schema, "spec", "count"), { kind: "scalar", type: "number" });
  assert.deepEqual(at(schema, "spec", "size"), { kind: "scalar", type: "any" });
  assert.deepEqual(at(schema, "spec", "limits"), {
    kind: "map",
    isAtomic: false,
    fields: new Map(),
    rest: TEXT,
  });
  assert.deepEqual(at(schema, "spec", "anything"), UNTYPED);
  assert.deepEqual(at(schema, "spec", "maybe"), TEXT);
  assert.deepEqual(at(schema, "spec", "args"), { kind: "list", type: "atomic", keys: [], items: TEXT });
  assert.deepEqual(at(schema, "spec", "names"), { kind: "list", type: "set", keys: [], items: TEXT });
});

Deno.test("what stands beside a reference counts more than what it refers to", () => {
  const reference = { $ref: "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Condition" };
  assert.ok(!(fromOpenApi(reference) as MapSchema).isAtomic);
  assert.ok((fromOpenApi({ ...reference, "x-kubernetes-map-type": "atomic" }) as MapSchema).isAtomic);
});

Deno.test("what nothing is known of is untyped", () => {
  assert.deepEqual(fromOpenApi({}), UNTYPED);
  assert.deepEqual(fromOpenApi({ $ref: "#/definitions/unknown" }), UNTYPED);
  assert.deepEqual(fromOpenApi({ type: "mystery" }), UNTYPED);
  assert.deepEqual(fromOpenApi({ anyOf: [{ type: "string" }, { type: "integer" }] }), UNTYPED);
  assert.deepEqual(fromOpenApi({ type: "object" }), {
    kind: "map",
    isAtomic: false,
    fields: new Map(),
    rest: UNTYPED,
  });
  assert.deepEqual(fromOpenApi({ type: "array" }), {
    kind: "list",
    type: "atomic",
    keys: [],
    items: UNTYPED,
  });
});

Deno.test("an alternative to null is the type", () => {
  const text = { type: "string" };
  assert.deepEqual(fromOpenApi({ anyOf: [text, { type: "null" }] }), TEXT);
  assert.deepEqual(fromOpenApi({ oneOf: [{ enum: [null] }, text] }), TEXT);
  assert.deepEqual(fromOpenApi({ anyOf: [text], description: "Text." }), TEXT);
});

Deno.test("unknown fields are kept where the schema says so", () => {
  const source = {
    type: "object",
    properties: { a: { type: "string" } },
    "x-kubernetes-preserve-unknown-fields": true,
  };
  assert.deepEqual((fromOpenApi(source) as MapSchema).rest, UNTYPED);
});
