/** Arguments of `session.create` that are about a Coder workspace. */
import { z } from "zod";
import type { CoderOf, WorkspaceWish } from "../../../sessions/coordinator/types.ts";
import { WORKSPACE_FILES } from "../../../sessions/types.ts";
import { ToolError } from "../../errors.ts";
import type { ToolCall } from "../../tool.ts";

export const workspaceInput = {
  workspace: z.string().min(1).max(128).optional()
    .describe("In this Coder workspace: name, owner/name or id; .agent after it where it has several"),
  namespace: z.string().max(63).optional().describe("Of its Coder, where there are several"),
  controlPlane: z.string().max(253).optional().describe("Where the namespace has several"),
  directory: z.string().max(1_024).optional().describe("There; default the agent's"),
  files: z.enum(WORKSPACE_FILES).optional()
    .describe("workspace (default): those that are there, which stay; scratch: a new directory"),
  start: z.boolean().optional().describe("Start it where it is stopped"),
};

type Asked = { readonly [K in keyof typeof workspaceInput]?: z.output<(typeof workspaceInput)[K]> };

/** @throws {ToolError} where it is not clear in which Coder */
export async function workspaceWish(asked: Asked, call: ToolCall): Promise<WorkspaceWish | undefined> {
  const { workspace, namespace, controlPlane, directory, files, start } = asked;
  if (workspace === undefined) {
    const [field] = Object.entries(asked).filter(([, value]) => value !== undefined).map(([name]) => name);
    if (field === undefined) return undefined;
    throw new ToolError("invalid", `${field} is of sessions in a Coder workspace: give workspace, too`);
  }
  return { ...await chooseCoder({ namespace, controlPlane }, call), workspace, directory, files, start };
}

async function chooseCoder(
  { namespace, controlPlane }: Pick<Asked, "namespace" | "controlPlane">,
  { coders, signal }: ToolCall,
): Promise<CoderOf> {
  const all = await coders.list(namespace, signal);
  const meant = controlPlane === undefined ? all : all.filter((ref) => ref.controlPlane === controlPlane);
  const [only, another] = meant;
  if (only !== undefined && another === undefined) {
    return { namespace: only.namespace, controlPlane: only.controlPlane ?? "" };
  }
  // Whoever opens it says what there is.
  if (only === undefined) return { namespace: namespace ?? "", controlPlane: controlPlane ?? "" };
  const names = meant.map(({ namespace, controlPlane, id }) =>
    controlPlane === undefined ? id : `${namespace}/${controlPlane}`
  );
  throw new ToolError(
    "invalid",
    `there are several Coders: give namespace and controlPlane, one of ${names.slice(0, 20).join(", ")}`,
  );
}
