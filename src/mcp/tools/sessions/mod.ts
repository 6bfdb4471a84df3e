/** Tools of sandbox sessions. */
import type { Sessions } from "../../../sessions/coordinator/types.ts";
import type { Tool } from "../../tool.ts";
import { artifactTool } from "./artifacts.ts";
import { fileTools } from "./files.ts";
import { processTools } from "./processes.ts";
import { sessionTools } from "./sessions.ts";

export { sessionShelf, showFiles } from "./artifacts.ts";

/** All of them. */
export function sandboxTools(sessions: Sessions): readonly Tool[] {
  return [
    ...sessionTools(sessions),
    ...fileTools(sessions),
    ...processTools(sessions),
    artifactTool(sessions),
  ];
}

/** What clients of the coordinator tell their models. */
export const SANDBOX_INSTRUCTIONS = [
  "Sandbox sessions: isolated workspaces with files and processes of their own, each on one worker. Calls that name no session share the session named default; session.create makes others.",
  "Paths are relative to the session's directory. Commands start there.",
  "A call answers within its waitMs; a process that is not done by then goes on: process.output with its handle and nextStdout, nextStderr tells the rest.",
  "A session ends some time after its last call, with everything in it: session.checkpoint keeps its files.",
].join("\n");

/** What clients tell theirs where sessions are in Coder workspaces alone. */
export const WORKSPACE_SESSION_INSTRUCTIONS = [
  "Sessions: session.create with a workspace makes one there; files and commands are the workspace's own, with the rights of its user. Name that session in each call.",
  "A call answers within its waitMs; a process that is not done by then goes on: process.output with its handle and nextStdout, nextStderr tells the rest.",
].join("\n");
