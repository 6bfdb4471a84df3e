import assert from "node:assert/strict";
import { z } from "zod";
import { changeTool, readTool } from "../../../src/mcp/tool.ts";
import { mcpToolFiles, toolsPage } from "./tools.ts";

const list = readTool({
  name: "list_things",
  description: "Lists <things>",
  toolset: "core",
  input: z.object({ kind: z.enum(["a", "b"]).describe("Of <what>"), limit: z.int().default(3) }),
  output: z.object({
    items: z.array(z.object({ name: z.string(), labels: z.record(z.string(), z.string()) })),
  }),
  idempotent: true,
  read: () => Promise.resolve({ items: [] }),
});
const remove = changeTool({
  name: "delete_thing",
  description: "Deletes",
  toolset: "tasks",
  input: z.object({ name: z.string().nullable() }),
  output: z.object({}),
  idempotent: true,
  destructive: true,
  plan: () => Promise.resolve({ answer: {} }),
  apply: () => Promise.resolve({}),
});

Deno.test("the page says of every tool what it takes, gives and does", () => {
  const page = toolsPage([remove, list]);
  assert.match(page, /## Toolset core\n[\s\S]*### list_things\n\nLists <things>\. Changes nothing\./);
  assert.match(page, /- `kind`: one of `a`, `b`; Of &lt;what>\n- `limit\?`: integer; default `3`\n/);
  assert.match(page, /- `items`: list of object\n {2}- `name`: string\n {2}- `labels`: map of string\n/);
  assert.match(page, /## Toolset tasks\n[\s\S]*something may be lost\. Twice is no more than once\./);
  assert.match(page, /- `name`: string or null/);
});

Deno.test("the page that is kept has every toolset", async () => {
  const [file] = await mcpToolFiles();
  assert.equal(file?.path, "docs/mcp-tools.md");
  for (const toolset of ["core", "workspaces", "templates", "platform", "tasks", "kubernetes", "sessions"]) {
    assert.ok(file?.content.includes(`\n## Toolset ${toolset}\n`), toolset);
  }
});
