/** Every tool that there is, for tests of what must hold for all of them. */
import { allTools } from "../../src/mcp/tools/mod.ts";
import type { Tool } from "../../src/mcp/tool.ts";

/** Sorted by name. */
export const ALL_TOOLS: readonly Tool[] = [...allTools("0.0.0-test")].sort((a, b) =>
  a.name < b.name ? -1 : 1
);
