/** What clients of the MCP server get to see. */
import { createCatalog } from "../../mcp/catalog.ts";
import type { Surface } from "../../mcp/surface.ts";
import { allTools } from "../../mcp/tools/mod.ts";
import { createCompletions } from "../../mcp/completions.ts";
import { INSTRUCTIONS } from "../../mcp/instructions.ts";
import { createPromptShelf } from "../../mcp/prompts/mod.ts";
import { createResourceShelf, joinedShelves } from "../../mcp/resources/mod.ts";
import {
  sandboxTools,
  sessionShelf,
  showFiles,
  WORKSPACE_SESSION_INSTRUCTIONS,
} from "../../mcp/tools/sessions/mod.ts";
import type { Sessions } from "../../sessions/coordinator/types.ts";
import type { McpConfig } from "../mcp_config.ts";
import { buildInfo } from "../version.ts";

export interface McpSurface extends Surface {
  /** It has tools that work in sessions. */
  readonly hasSessions: boolean;
}

/** @throws `UnknownToolError` for names that no tool has */
export function mcpSurface(
  config: Pick<McpConfig, "mcpToolsets" | "mcpReadOnly" | "mcpAllowTools" | "mcpDenyTools" | "mcpToolNames">,
  sessions: Sessions,
): McpSurface {
  const { version } = buildInfo();
  const { mcpAllowTools: allow, mcpDenyTools: deny } = config;
  const catalog = createCatalog({
    tools: [...allTools(version), ...sandboxTools(sessions)],
    toolsets: config.mcpToolsets,
    readOnly: config.mcpReadOnly,
    deny,
    names: config.mcpToolNames,
    ...(allow.length === 0 ? {} : { allow }),
  });
  const hasSessions = catalog.tools.some(({ tool }) => tool.toolset === "sessions");
  const product = { scheme: "", shelf: createResourceShelf() };
  return {
    info: { name: "coder-k8s", title: "Coder on Kubernetes", version },
    instructions: hasSessions ? `${INSTRUCTIONS}\n${WORKSPACE_SESSION_INSTRUCTIONS}` : INSTRUCTIONS,
    catalog,
    hasSessions,
    resources: showFiles(catalog.tools)
      ? joinedShelves([product, { scheme: "session://", shelf: sessionShelf(sessions) }])
      : product.shelf,
    prompts: createPromptShelf(),
    complete: createCompletions(),
  };
}
