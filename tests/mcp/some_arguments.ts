/** Arguments for any tool, made of its schema: what a model might send, and what an attacker would. */
import { z } from "zod";
import { inputSchemaOf } from "../../src/mcp/run.ts";
import type { Tool } from "../../src/mcp/tool.ts";

/** What a string argument may be, by its path such as `files.0.path`. */
export type Words = (field: string) => readonly unknown[];

// deno-lint-ignore no-explicit-any -- a JSON schema
type Schema = any;

/** The JSON schema of a tool's input without the two fields that all changes have. */
export function inputOf(tool: Tool): Schema {
  const schema = z.toJSONSchema(inputSchemaOf(tool), { io: "input", target: "draft-7" }) as Schema;
  delete schema.properties.dryRun;
  delete schema.properties.planToken;
  return schema;
}

/** Names of all string arguments, with paths. */
export function stringFields(schema: Schema, path = ""): string[] {
  if (schema.anyOf) {
    return [...new Set<string>(schema.anyOf.flatMap((one: Schema) => stringFields(one, path)))];
  }
  if (schema.type === "string" && schema.enum === undefined) return [path];
  const below = (name: string) => path === "" ? name : `${path}.${name}`;
  const named = Object.entries(schema.properties ?? {}).flatMap(([name, one]) =>
    stringFields(one, below(name))
  );
  const items = schema.items ? stringFields(schema.items, below("0")) : [];
  const map = typeof schema.additionalProperties === "object"
    ? stringFields(schema.additionalProperties, below("key"))
    : [];
  return [...named, ...items, ...map];
}

/** One value, `index` choosing among those that there are. Optional fields are there in two of three. */
export function someValue(schema: Schema, words: Words, index: number, path = ""): unknown {
  const pick = <T>(of: readonly T[]): T => of[index % of.length]!;
  if (schema.anyOf) return someValue(pick(schema.anyOf), words, index, path);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return pick(schema.enum);
  switch (schema.type) {
    case "string":
      return pick(words(path));
    case "boolean":
      return index % 2 === 0;
    case "integer":
    case "number":
      return Math.max(schema.minimum ?? 1, Math.min(schema.maximum ?? 50, 1 + index));
    case "array":
      return [someValue(schema.items, words, index, path === "" ? "0" : `${path}.0`)];
    case "object": {
      const below = (name: string) => path === "" ? name : `${path}.${name}`;
      const required: string[] = schema.required ?? [];
      const entries = Object.entries(schema.properties ?? {}).filter(([name], at) =>
        required.includes(name) || (index + at) % 3 !== 0
      ).map(([name, one]) => [name, someValue(one, words, index, below(name))]);
      if (typeof schema.additionalProperties === "object") {
        entries.push(["key", someValue(schema.additionalProperties, words, index, below("key"))]);
      }
      return Object.fromEntries(entries);
    }
    default:
      return null;
  }
}
