import { deepEqual, equal, match, ok } from "node:assert/strict";
import { z } from "zod";
import { parse } from "yaml";
import { flag, int32, optional, text } from "../../../src/api/field.ts";
import { root } from "../../lib/run.ts";
import { anchorOf, fieldsOf, kindFiles } from "./kinds.ts";

const only = (schema: z.ZodType) => fieldsOf("spec", schema);

Deno.test("a field has its type, default, rules and meaning", () => {
  const [image, count] = only(z.object({
    image: text("The image.", { pattern: "^a$", maxLength: 5 }).default("b"),
    count: int32("How many.", { minimum: 1, maximum: 9 }),
  }));
  deepEqual(image, {
    path: "spec.image",
    type: "string",
    isRequired: false,
    default: "b",
    rules: ["length at most 5", "matches `^a$`"],
    description: "The image.",
  });
  equal(count?.isRequired, true);
  deepEqual(count?.rules, ["at least 1", "at most 9"]);
});

Deno.test("fields of objects, lists and maps follow, with their paths", () => {
  const part = z.object({ name: text("Name.") });
  const fields = only(z.object({
    one: optional(part.meta({ description: "One." })),
    many: optional(z.array(part).meta({ description: "Many." })),
    named: optional(z.record(z.string(), part).meta({ description: "By name." })),
    words: optional(z.array(text("", { enum: ["a", "b"] })).meta({ description: "Words." })),
  }));
  deepEqual(fields.map(({ path, type }) => `${path}: ${type}`), [
    "spec.one: object",
    "spec.one.name: string",
    "spec.many: list of object",
    "spec.many[].name: string",
    "spec.named: map of object",
    "spec.named.*.name: string",
    "spec.words: list of string",
  ]);
  deepEqual(fields.at(-1)?.rules, ["each: one of `a`, `b`"]);
});

Deno.test("structures of Kubernetes are named, and not opened", () => {
  const affinity = z.custom<object>(() => true).meta({ description: "Where.", kubernetes: "Affinity" });
  deepEqual(only(z.object({ affinity: optional(affinity) })).map(({ type }) => type), ["Affinity"]);
  const env = z.custom<object>(() => true).meta({
    description: "One.",
    kubernetes: "EnvVar",
    overlay: {
      properties: { name: { minLength: 1 } },
      "x-kubernetes-validations": [{ rule: "r", message: "no" }],
    },
  });
  const [variables] = only(z.object({ env: optional(z.array(env).meta({ description: "All." })) }));
  equal(variables?.type, "list of EnvVar");
  deepEqual(variables?.rules, ["each: no", "each: `name`: length at least 1"]);
});

Deno.test("rules over several fields, and switches that are off, are told as they are", () => {
  const [on] = only(z.object({
    on: flag("A switch.").default(false).meta({
      "x-kubernetes-validations": [{ rule: "self", message: "must not | be" }],
    }),
  }));
  equal(on?.default, "false");
  deepEqual(on?.rules, ["must not \\| be"]);
});

Deno.test("anchors are of paths alone", () => {
  equal(anchorOf("spec.rules[].host"), "spec-rules-host");
  equal(anchorOf("spec.labels.*"), "spec-labels");
});

/** Paths of the CRD's schema, as far as it is not Kubernetes' own. */
function* pathsOf(
  path: string,
  schema: Record<string, unknown>,
  known: ReadonlySet<string>,
): Generator<string> {
  const properties = (schema["properties"] ?? {}) as Record<string, Record<string, unknown>>;
  for (const [name, child] of Object.entries(properties)) {
    const here = `${path}.${name}`;
    yield here;
    const items = child["items"] as Record<string, unknown> | undefined;
    // What the page does not open is Kubernetes' own: it names the structure.
    const isOpened = [...known].some((one) => one.startsWith(`${here}.`) || one.startsWith(`${here}[`));
    if (isOpened) yield* pathsOf(items === undefined ? here : `${here}[]`, items ?? child, known);
  }
}

Deno.test("every field of every kind is on its page, and has a meaning", async () => {
  const files = new Map((await kindFiles()).map(({ path, content }) => [path, content]));
  equal(files.size, 5);
  const silent: string[] = [];
  for (const [path, content] of files) {
    const rows = content.split("\n").filter((line) => line.startsWith("| <a id="));
    ok(rows.length >= 15, `${path}: ${rows.length}`);
    for (const row of rows) if (/\|\s+\|$/.test(row)) silent.push(`${path}: ${row.slice(0, 80)}`);
  }
  deepEqual(silent, []);
  for (const kind of ["controlplane", "provisioner", "workspaceproxy"]) {
    const plural = kind === "workspaceproxy" ? "workspaceproxies" : `${kind}s`;
    const crd = parse(await Deno.readTextFile(`${root}/crd/coder.com_coder${plural}.yaml`));
    const { properties } = crd.spec.versions[0].schema.openAPIV3Schema;
    const content = files.get(`docs/reference/coder${kind}.md`) ?? "";
    const known = new Set([...content.matchAll(/<\/a>`([^`]+)`/g)].map(([, path = ""]) => path));
    const missing = ["spec", "status"].flatMap((part) => [...pathsOf(part, properties[part], known)])
      .filter((path) => !known.has(path));
    deepEqual(missing, [], kind);
    match(content, /^# Coder/);
  }
});
