import assert from "node:assert/strict";
import { z } from "zod";
import { createCatalog, UnknownToolError } from "./catalog.ts";
import { changeTool, readTool, type Toolset } from "./tool.ts";

const reading = (name: string, toolset: Toolset = "core") =>
  readTool({
    name,
    description: "Reads",
    toolset,
    input: z.object({ limit: z.int().default(3).describe("At most 9") }),
    output: z.object({ items: z.array(z.object({ name: z.string() })) }),
    idempotent: true,
    read: () => Promise.resolve({ items: [] }),
  });
const changing = changeTool({
  name: "delete_thing",
  description: "Deletes",
  toolset: "core",
  input: z.object({ name: z.string() }),
  output: z.object({ gone: z.boolean() }),
  idempotent: true,
  destructive: true,
  plan: () => Promise.resolve({ answer: { gone: false } }),
  apply: () => Promise.resolve({ gone: true }),
});
const tools = [
  reading("list_things"),
  changing,
  reading("a.dotted", "tasks"),
  reading("get_other", "platform"),
];
const names = (options: Partial<Parameters<typeof createCatalog>[0]>) =>
  createCatalog({ tools, ...options }).tools.map(({ name }) => name);

Deno.test("the default is the core, sorted; toolsets, allow, deny and read-only choose", () => {
  assert.deepEqual(names({}), ["delete_thing", "list_things"]);
  assert.deepEqual(names({ toolsets: ["platform", "tasks"] }), ["a_dotted", "get_other"]);
  assert.deepEqual(names({ allow: ["get_other", "delete_thing"] }), ["delete_thing", "get_other"]);
  assert.deepEqual(names({ allow: ["get_other", "delete_thing"], readOnly: true }), ["get_other"]);
  assert.deepEqual(names({ deny: ["list_things"] }), ["delete_thing"]);
});

Deno.test("a name that no tool has is an error, as it would be a hole or a trap", () => {
  assert.throws(() => names({ deny: ["delete_thingy"] }), UnknownToolError);
  assert.throws(() => names({ allow: ["nothing"] }), /no tool nothing; there are a\.dotted, delete_thing/);
});

Deno.test("names fit every client unless dotted ones are asked for, and may be given in either form", () => {
  assert.deepEqual(names({ toolsets: ["tasks"], names: "dotted" }), ["a.dotted"]);
  assert.deepEqual(names({ allow: ["a_dotted"] }), ["a_dotted"]);
  assert.equal(createCatalog({ tools, toolsets: ["tasks"] }).get("a_dotted")?.tool.name, "a.dotted");
  assert.equal(createCatalog({ tools }).get("get_other"), undefined);
});

Deno.test("a listing has schemas and hints, and no more than clients need", () => {
  const [change, read] = createCatalog({ tools }).tools;
  assert.deepEqual(read?.listing["inputSchema"], {
    type: "object",
    properties: { limit: { type: "integer", default: 3, description: "At most 9" } },
    additionalProperties: false,
  });
  assert.deepEqual(read?.listing["annotations"], {
    readOnlyHint: true,
    idempotentHint: true,
    openWorldHint: false,
  });
  const { properties, required } = change?.listing["inputSchema"] as Record<string, Record<string, unknown>>;
  assert.deepEqual([Object.keys(properties!), required], [["name", "dryRun", "planToken"], ["name"]]);
  assert.equal((change?.listing["annotations"] as Record<string, unknown>)["destructiveHint"], true);
  assert.doesNotMatch(JSON.stringify(change?.listing["outputSchema"]), /additionalProperties|\$schema/);
});

Deno.test("schemas say what a caller can do with, and fields may be called as keywords are", () => {
  const { tools: [only] } = createCatalog({
    tools: [readTool({
      name: "get_all",
      description: "All",
      toolset: "core",
      input: z.object({
        name: z.string().max(253),
        lines: z.int().min(1).max(50).nullish(),
        either: z.union([z.string(), z.object({ a: z.string() })]).optional(),
        parameters: z.record(z.string(), z.string()).optional(),
        required: z.boolean().default(false),
      }),
      output: z.object({
        required: z.string().min(1),
        maximum: z.int().min(0).nullable(),
        list: z.array(z.object({ additionalProperties: z.string(), map: z.record(z.string(), z.int()) })),
      }),
      idempotent: true,
      read: () => Promise.reject(new Error("not called")),
    })],
  });
  assert.deepEqual(only?.listing["inputSchema"], {
    type: "object",
    properties: {
      name: { type: "string" },
      lines: { anyOf: [{ type: "integer", minimum: 1, maximum: 50 }, { type: "null" }] },
      either: {
        anyOf: [{ type: "string" }, {
          type: "object",
          properties: { a: { type: "string" } },
          required: ["a"],
        }],
      },
      parameters: { type: "object", additionalProperties: { type: "string" } },
      required: { type: "boolean", default: false },
    },
    required: ["name"],
    additionalProperties: false,
  });
  assert.deepEqual(only?.listing["outputSchema"], {
    type: "object",
    properties: {
      required: { type: "string" },
      maximum: { type: ["integer", "null"] },
      list: {
        type: "array",
        items: {
          type: "object",
          properties: {
            additionalProperties: { type: "string" },
            map: { type: "object", additionalProperties: { type: "integer" } },
          },
        },
      },
    },
  });
});
