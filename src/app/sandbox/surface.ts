/** What clients of the coordinator get to see. */
import { createCatalog } from "../../mcp/catalog.ts";
import { ToolError } from "../../mcp/errors.ts";
import type { ResourceShelf, Surface } from "../../mcp/surface.ts";
import { SANDBOX_INSTRUCTIONS, sandboxTools, sessionShelf, showFiles } from "../../mcp/tools/sessions/mod.ts";
import type { Sessions } from "../../sessions/coordinator/types.ts";
import { buildInfo } from "../version.ts";
import type { CoordinatorConfig } from "./config.ts";

const NO_RESOURCES: ResourceShelf = {
  templates: [],
  list: () => Promise.resolve({ resources: [] }),
  read: () => Promise.reject(new ToolError("not_found", "there are no resources here")),
};

/** @throws `UnknownToolError` for names that no tool has */
export function sandboxSurface(
  sessions: Sessions,
  config: Pick<CoordinatorConfig, "mcpReadOnly" | "mcpAllowTools" | "mcpDenyTools" | "mcpToolNames">,
): Surface {
  const { mcpAllowTools: allow, mcpDenyTools: deny } = config;
  const catalog = createCatalog({
    tools: sandboxTools(sessions),
    toolsets: ["sessions"],
    readOnly: config.mcpReadOnly,
    deny,
    names: config.mcpToolNames,
    ...(allow.length === 0 ? {} : { allow }),
  });
  return {
    info: { name: "coder-k8s-coordinator", title: "Sandbox sessions", version: buildInfo().version },
    instructions: SANDBOX_INSTRUCTIONS,
    catalog,
    resources: showFiles(catalog.tools) ? sessionShelf(sessions) : NO_RESOURCES,
    prompts: {
      prompts: [],
      get: (name) =>
        Promise.reject(new ToolError("invalid", `there is no prompt ${name}: there are none here`)),
    },
    complete: () => Promise.resolve({ values: [], hasMore: false }),
  };
}
