/** For tests: access to a workspace of this machine. */
import type { AgentAccess, FindAccess } from "../types.ts";
import type { LocalTerminals } from "./local_terminals.ts";

export const SOMEWHERE: AgentAccess["place"] = {
  coder: "coder-a",
  namespace: "",
  controlPlane: "",
  workspaceId: "workspace-a",
  workspace: "ann/work",
  ownerId: "ann",
  agent: "main",
  directory: "",
  files: "workspace",
};

export function onTerminals(terminals: LocalTerminals): FindAccess {
  return () => ({ place: SOMEWHERE, terminal: (command, signal) => terminals.open(command, signal) });
}
