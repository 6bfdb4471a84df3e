import assert from "node:assert/strict";
import { UnknownToolError } from "../../mcp/catalog.ts";
import { answeringSessions } from "../../mcp/tools/sessions/testing.ts";
import type { SurfaceCall } from "../../mcp/surface.ts";
import { sandboxSurface } from "./surface.ts";

const { sessions } = answeringSessions(() => ({ output: {} }));
const surface = (given: Partial<Parameters<typeof sandboxSurface>[1]> = {}) =>
  sandboxSurface(sessions, {
    mcpReadOnly: false,
    mcpAllowTools: [],
    mcpDenyTools: [],
    mcpToolNames: "dotted",
    ...given,
  });
const names = (given: Parameters<typeof surface>[0]) => surface(given).catalog.tools.map(({ name }) => name);

Deno.test("tools are named and chosen as it is asked for", () => {
  assert.ok(names({}).includes("fs.read"));
  assert.ok(names({ mcpToolNames: "plain" }).includes("fs_read"));
  assert.deepEqual(names({ mcpAllowTools: ["echo", "fs_read"] }), ["echo", "fs.read"]);
  assert.ok(!names({ mcpDenyTools: ["run.command"] }).includes("run.command"));
  const readOnly = names({ mcpReadOnly: true });
  assert.ok(readOnly.includes("fs.list") && !readOnly.includes("fs.write"));
  assert.throws(() => names({ mcpDenyTools: ["rm"] }), UnknownToolError);
});

Deno.test("files are no resources where no tool shows what is in them", async () => {
  assert.equal(surface().resources.templates.length, 1);
  const { resources } = surface({ mcpReadOnly: true, mcpDenyTools: ["fs.read", "artifact.get"] });
  assert.deepEqual(resources.templates, []);
  assert.deepEqual(await resources.list(undefined, {} as SurfaceCall), { resources: [] });
  await assert.rejects(resources.read("session://sess-0123456789abcdef/x", {} as SurfaceCall), {
    code: "not_found",
  });
});

Deno.test("there are no prompts, and nothing to complete", async () => {
  const { prompts, complete, instructions } = surface();
  assert.deepEqual(prompts.prompts, []);
  await assert.rejects(prompts.get("x", {}, {} as SurfaceCall), /there is no prompt x/);
  assert.deepEqual(await complete({} as never, {} as SurfaceCall), { values: [], hasMore: false });
  assert.match(instructions, /session\.create/);
});
