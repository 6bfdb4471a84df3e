/** Every tool there is. */
import type { Tool } from "../tool.ts";
import { DIAGNOSIS_TOOLS } from "./diagnosis.ts";
import { KUBERNETES_TOOLS } from "./kubernetes.ts";
import { platformTools } from "./platform.ts";
import { TASK_TOOLS } from "./tasks.ts";
import { TEMPLATE_TOOLS } from "./template_tools.ts";
import { WORKSPACE_TOOLS } from "./workspaces.ts";

/** @param version of this build */
export function allTools(version: string): readonly Tool[] {
  return [
    ...DIAGNOSIS_TOOLS,
    ...platformTools(version),
    ...WORKSPACE_TOOLS,
    ...TEMPLATE_TOOLS,
    ...TASK_TOOLS,
    ...KUBERNETES_TOOLS,
  ];
}
