/** The page about every tool, from the tools themselves. */
import { createCatalog } from "../../../src/mcp/catalog.ts";
import type { ListedTool } from "../../../src/mcp/surface.ts";
import { type Tool, type Toolset, TOOLSETS } from "../../../src/mcp/tool.ts";
import { allTools } from "../../../src/mcp/tools/mod.ts";
import { sandboxTools } from "../../../src/mcp/tools/sessions/mod.ts";
import type { Sessions } from "../../../src/sessions/coordinator/types.ts";
import type { GeneratedFile } from "../files.ts";

const INTRODUCTIONS: Readonly<Record<Toolset, string>> = {
  core: "What clients get where nothing else is said.",
  workspaces: "More that can be done to workspaces.",
  templates: "Versions of templates: what is in them, new ones, which one is active.",
  platform: "Provisioners, workspace proxies, jobs, licences.",
  tasks: "Coder Tasks, where the deployment has them.",
  kubernetes: "What is around a workspace in the cluster.",
  sessions: "Files, commands and tests in sandboxes and in Coder workspaces; see [sessions](sessions.md).",
};

/** Makes `docs/mcp-tools.md`. */
export function mcpToolFiles(): Promise<GeneratedFile[]> {
  // What they are is the same whatever they work on.
  const sessions = sandboxTools({} as Sessions);
  return Promise.resolve([{ path: "docs/mcp-tools.md", content: toolsPage([...allTools(""), ...sessions]) }]);
}

/** Markdown. */
export function toolsPage(tools: readonly Tool[]): string {
  const { tools: listed } = createCatalog({ tools, toolsets: TOOLSETS });
  const sections = TOOLSETS.flatMap((toolset) => {
    const own = listed.filter(({ tool }) => tool.toolset === toolset);
    return own.length === 0
      ? []
      : [`## Toolset ${toolset}\n\n${INTRODUCTIONS[toolset]}\n\n${own.map(toolText).join("\n\n")}`];
  });
  const head = [
    "# Tools of the MCP server",
    "<!-- Generated from src/mcp/tools/ by `deno task generate`. -->",
    "`--mcp-toolsets` says which toolsets clients get. Every change answers first what would happen; see\n" +
    "[the MCP server](mcp.md). An input with `?` may be left out, and so may any part of an answer.",
  ];
  return `${[...head, ...sections].join("\n\n")}\n`;
}

function toolText({ name, tool, listing }: ListedTool): string {
  const kind = tool.kind === "read"
    ? "Changes nothing."
    : `Changes something${tool.destructive ? ", and something may be lost" : ""}.`;
  const twice = tool.kind === "change" && tool.idempotent ? " Twice is no more than once." : "";
  return [
    `### ${name}`,
    `${tool.description}. ${kind}${twice}`.replaceAll("..", "."),
    `Input:${fieldsText(listing["inputSchema"] as Schema, "input")}`,
    `Output:${fieldsText(listing["outputSchema"] as Schema, "output")}`,
  ].join("\n\n");
}

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly default?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
}

function fieldsText(schema: Schema, io: "input" | "output", depth = 0): string {
  const entries = Object.entries(schema.properties ?? {});
  if (entries.length === 0) return depth === 0 ? " nothing." : "";
  const indent = "  ".repeat(depth);
  const lines = entries.map(([name, field]) => {
    // Answers do not say which of their fields are always there: it would cost every client more than it is worth.
    const isThere = io === "output" || schema.required?.includes(name) === true;
    const nested = field.items ?? field;
    const below = nested.properties === undefined ? "" : fieldsText(nested, io, depth + 1);
    const facts = [
      typeText(field),
      ...(field.default === undefined ? [] : [`default \`${JSON.stringify(field.default)}\``]),
      ...(field.description === undefined ? [] : [field.description.replaceAll("<", "&lt;")]),
    ];
    return `${indent}- \`${name}${isThere ? "" : "?"}\`: ${facts.join("; ")}${below}`;
  });
  return `\n${depth === 0 ? "\n" : ""}${lines.join("\n")}`;
}

function typeText(schema: Schema): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.map((one) => `\`${String(one)}\``).join(", ")}`;
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeText).join(" or ");
  if (schema.items !== undefined) return `list of ${typeText(schema.items)}`;
  if (schema.properties !== undefined) return "object";
  if (typeof schema.additionalProperties === "object") {
    return `map of ${typeText(schema.additionalProperties)}`;
  }
  return [schema.type ?? "anything"].flat().join(" or ");
}
