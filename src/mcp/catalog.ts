/** Which tools there are for a configuration. */
import { z } from "zod";
import { inputSchemaOf, outputSchemaOf } from "./run.ts";
import type { Catalog, ListedTool } from "./surface.ts";
import type { Tool, Toolset } from "./tool.ts";

export interface CatalogOptions {
  readonly tools: readonly Tool[];
  /** @default {["core"]} */
  readonly toolsets?: readonly Toolset[];
  /** No tool that changes anything. @default {false} */
  readonly readOnly?: boolean;
  /** These and no others of the toolsets; names of other toolsets add to them. @default all */
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  /** Dots of names become `_` where they are to be plain. @default {"plain"} */
  readonly names?: "plain" | "dotted";
}

/** A name that is none of a tool's. */
export class UnknownToolError extends Error {
  override readonly name = "UnknownToolError";
}

/** Makes it. @throws {UnknownToolError} for a name in `allow` or `deny` that no tool has */
export function createCatalog(options: CatalogOptions): Catalog {
  const { tools, toolsets = ["core"], readOnly = false, allow, deny = [], names = "plain" } = options;
  const known = new Set(tools.flatMap(({ name }) => [name, plain(name)]));
  const unknown = [...allow ?? [], ...deny].filter((name) => !known.has(name));
  if (unknown.length > 0) {
    const all = tools.map(({ name }) => name).sort();
    throw new UnknownToolError(`There is no tool ${unknown.join(", ")}; there are ${all.join(", ")}.`);
  }
  const isNamed = (names: readonly string[], { name }: Tool) =>
    names.includes(name) || names.includes(plain(name));
  const isWanted = (tool: Tool) =>
    (allow === undefined ? toolsets.includes(tool.toolset) : isNamed(allow, tool)) &&
    !isNamed(deny, tool) && !(readOnly && tool.kind !== "read");
  const listed = tools.filter(isWanted).map((tool) =>
    listedTool(tool, names === "plain" ? plain(tool.name) : tool.name)
  ).sort((a, b) => a.name < b.name ? -1 : 1);
  const byName = new Map(listed.map((tool) => [tool.name, tool]));
  return { tools: listed, get: (name) => byName.get(name) };
}

function plain(name: string): string {
  return name.replaceAll(".", "_");
}

function listedTool(tool: Tool, name: string): ListedTool {
  const isRead = tool.kind === "read";
  const listing = {
    name,
    description: tool.description,
    inputSchema: schemaText(inputSchemaOf(tool), "input"),
    outputSchema: schemaText(outputSchemaOf(tool), "output"),
    annotations: {
      readOnlyHint: isRead,
      ...(isRead ? {} : { destructiveHint: tool.destructive }),
      idempotentHint: tool.idempotent,
      openWorldHint: tool.kind === "act" && tool.openWorld === true,
    },
  };
  return { name, tool, listing };
}

/** A schema with what a client needs of it, and no more: each word of it costs every conversation. */
function schemaText(schema: z.ZodObject, io: "input" | "output"): Record<string, unknown> {
  const slim = slimSchema(z.toJSONSchema(schema, { io, target: "draft-7" }) as Schema, io);
  if (io === "output") {
    // Every answer may have them, and what is not named is allowed.
    const { warnings: _, ...properties } = slim["properties"] as Schema;
    return { ...slim, properties };
  }
  return slim;
}

type Schema = Record<string, unknown>;

function slimSchema(schema: Schema, io: "input" | "output"): Schema {
  const entries = Object.entries(schema).filter(([key, value]) => isNeeded(key, value, io));
  const slim = Object.fromEntries(entries.map(([key, value]) => {
    if (key === "properties") return [key, slimEach(value as Record<string, Schema>, io)];
    if (isSchema(value) && key !== "default") return [key, slimSchema(value, io)];
    return [
      key,
      Array.isArray(value) ? value.map((one) => isSchema(one) ? slimSchema(one, io) : one) : value,
    ];
  }));
  const { anyOf, ...rest } = slim;
  const types = Array.isArray(anyOf) ? anyOf.map(plainType) : [];
  return types.length > 0 && types.every((type) => type !== undefined) ? { ...rest, type: types } : slim;
}

function slimEach(properties: Record<string, Schema>, io: "input" | "output"): Schema {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, slimSchema(schema, io)]),
  );
}

/** Where it is nothing but a type. */
function plainType(schema: unknown): unknown {
  return isSchema(schema) && Object.keys(schema).join() === "type" ? schema["type"] : undefined;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNeeded(key: string, value: unknown, io: "input" | "output"): boolean {
  if (key === "$schema" || key === "propertyNames") return false;
  // What every integer that fits into a double is.
  if (key === "maximum" && value === Number.MAX_SAFE_INTEGER) return false;
  if (key === "minimum" && value === Number.MIN_SAFE_INTEGER) return false;
  // Lengths are those of names in Kubernetes, or beyond what anybody writes; whoever exceeds them is told.
  if (io === "input") return key !== "maxLength";
  // Of an answer it is enough to know what may be in it.
  if (key === "additionalProperties") return typeof value === "object";
  return !["required", "maxLength", "minLength", "minimum", "maximum", "pattern"].includes(key);
}
