import assert from "node:assert/strict";
import { encode } from "npm:gpt-tokenizer@4.0.0/encoding/o200k_base";
import { createCatalog } from "../../src/mcp/catalog.ts";
import { TOOLSETS } from "../../src/mcp/tool.ts";
import { sandboxTools } from "../../src/mcp/tools/sessions/mod.ts";
import type { Sessions } from "../../src/sessions/coordinator/types.ts";
import { ALL_TOOLS } from "./all_tools.ts";

const tokens = (text: string) => encode(text).length;
/** What every conversation of a client pays for the tools of the toolset `core`. */
const MOST = 5_000;
/** Of it, for the three diagnoses together. */
const MOST_DIAGNOSES = 900;
/** For a tool that is there only where somebody asks for its toolset. */
const MOST_EACH = 450;
/** `session.create` has what sandboxes and workspaces need, in place of two tools. */
const MOST_OF_SESSIONS = 600;
const SESSION_TOOLS = sandboxTools({} as Sessions);

const costs = (toolset: typeof TOOLSETS[number]) =>
  createCatalog({ tools: [...ALL_TOOLS, ...SESSION_TOOLS], toolsets: [toolset] }).tools
    .map(({ name, listing }) => ({ name, cost: tokens(JSON.stringify(listing)) }))
    .sort((a, b) => b.cost - a.cost);
const words = (of: readonly { name: string; cost: number }[]) =>
  of.map(({ name, cost }) => `${name} ${cost}`).join(", ");

Deno.test("the tools that everybody gets cost no more than 5,000 tokens, the three diagnoses among them 900", () => {
  const { tools } = createCatalog({ tools: ALL_TOOLS });
  const all = tokens(JSON.stringify({ tools: tools.map(({ listing }) => listing) }));
  const biggest = words(costs("core").slice(0, 3));
  assert.ok(tools.length >= 17, `only ${tools.length} tools`);
  assert.ok(all <= MOST, `${tools.length} tools cost ${all} tokens; the biggest: ${biggest}`);
  const diagnoses = costs("core").filter(({ name }) => name.startsWith("diagnose_"));
  assert.equal(diagnoses.length, 3);
  assert.ok(diagnoses.reduce((sum, { cost }) => sum + cost, 0) <= MOST_DIAGNOSES, words(diagnoses));
});

for (const toolset of TOOLSETS) {
  const most = toolset === "sessions" ? MOST_OF_SESSIONS : MOST_EACH;
  Deno.test(`a tool of the toolset ${toolset} costs no more than ${most} tokens`, () => {
    assert.notEqual(costs(toolset).length, 0);
    const tooMuch = costs(toolset).filter(({ cost }) => cost > most);
    assert.deepEqual(words(tooMuch), "");
  });
}

Deno.test("names are those that every client can call, and nobody's twice", () => {
  for (const { name } of ALL_TOOLS) assert.match(name, /^[a-z][a-z0-9_]{0,63}$/);
  assert.equal(new Set(ALL_TOOLS.map(({ name }) => name)).size, ALL_TOOLS.length);
});
