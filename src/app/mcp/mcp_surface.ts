/** What clients of the MCP server get to see. */
import { createCatalog } from "../../mcp/catalog.ts";
import type { Surface } from "../../mcp/surface.ts";
import { allTools } from "../../mcp/tools/mod.ts";
import { createCompletions } from "../../mcp/completions.ts";
import { INSTRUCTIONS } from "../../mcp/instructions.ts";
import { createPromptShelf } from "../../mcp/prompts/mod.ts";
import { createResourceShelf } from "../../mcp/resources/mod.ts";
import type { McpConfig } from "../mcp_config.ts";
import { buildInfo } from "../version.ts";

/** @throws `UnknownToolError` for names that no tool has */
export function mcpSurface(
  config: Pick<McpConfig, "mcpToolsets" | "mcpReadOnly" | "mcpAllowTools" | "mcpDenyTools" | "mcpToolNames">,
): Surface {
  const { version } = buildInfo();
  const { mcpAllowTools: allow, mcpDenyTools: deny } = config;
  return {
    info: { name: "coder-k8s", title: "Coder on Kubernetes", version },
    instructions: INSTRUCTIONS,
    catalog: createCatalog({
      tools: allTools(version),
      toolsets: config.mcpToolsets,
      readOnly: config.mcpReadOnly,
      deny,
      names: config.mcpToolNames,
      ...(allow.length === 0 ? {} : { allow }),
    }),
    resources: createResourceShelf(),
    prompts: createPromptShelf(),
    complete: createCompletions(),
  };
}
