/** Starting, stopping and restarting workspaces. */
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { keyText, type ObjectKey } from "../../api/object.ts";
import type { CoderWorkspace } from "../../api/workspace.ts";
import { ToolError } from "../errors.ts";
import { changeTool, nameInput, namespaceInput, type Plan, type ToolCall } from "../tool.ts";
import {
  diffOfPatch,
  doing,
  patchWorkspace,
  preconditionsOf,
  readPlanned,
  readWorkspace,
  WRITE_MS,
} from "./workspace_access.ts";
import { briefOf, CHANGED_WORKSPACE } from "./workspace_facts.ts";

const KEY = { namespace: namespaceInput(), name: nameInput() };
const OUTPUT = z.object({ workspace: z.object(CHANGED_WORKSPACE), updated: z.boolean() });

export const setWorkspaceRunning = changeTool({
  name: "set_workspace_running",
  description: "Start or stop a workspace; also retries a failed start or stop",
  toolset: "core",
  input: z.object({ ...KEY, running: z.boolean() }),
  output: OUTPUT,
  idempotent: true,
  destructive: false,
  async plan({ running, ...key }, call) {
    const workspace = await readWorkspace(call, key);
    const answer = { workspace: briefOf(workspace), updated: false };
    const again = hasFailedTo(running, workspace);
    if (workspace.spec.running === running && !again) return { answer };
    const diff = await diffOfPatch(call, workspace, { running });
    const summary = `${running ? "Start" : "Stop"} the workspace ${keyText(nameOf(workspace))}${
      again ? " once more: its latest build failed" : ""
    }`;
    return { answer, plan: { summary, diff, preconditions: preconditionsOf(workspace, true) } };
  },
  async apply({ running, ...key }, call, plan) {
    await readPlanned(call, key, plan);
    return { workspace: briefOf(await patchWorkspace(call, key, { running }, plan)), updated: true };
  },
});

/** Whether the latest build was to do this, and could not. */
function hasFailedTo(running: boolean, { status }: CoderWorkspace): boolean {
  const state = status?.latestBuildStatus;
  return (state === "failed" || state === "canceled") &&
    status?.latestBuild?.transition === (running ? "start" : "stop");
}

function nameOf({ metadata: { namespace = "", name = "" } }: CoderWorkspace): ObjectKey {
  return { namespace, name };
}

/** How long the stop may take to be seen, in milliseconds. */
const SEEN_MS = 15_000;

export const restartWorkspace = changeTool({
  name: "restart_workspace",
  description: "Stop a workspace and start it again; starts one that is stopped",
  toolset: "workspaces",
  input: z.object(KEY),
  output: OUTPUT,
  idempotent: false,
  destructive: false,
  async plan(key, call) {
    const workspace = await readWorkspace(call, key);
    const runs = workspace.spec.running === true;
    // What is refused is found out before anything is stopped.
    await diffOfPatch(call, workspace, { running: !runs });
    const summary = `${runs ? "Stop and start" : "Start"} the workspace ${keyText(nameOf(workspace))}`;
    return {
      answer: { workspace: briefOf(workspace), updated: false },
      plan: { summary, preconditions: { ...preconditionsOf(workspace, true), runs: String(runs) } },
    };
  },
  async apply(key, call, plan) {
    await readPlanned(call, key, plan);
    if (plan.preconditions["runs"] === "true") {
      call.progress(0, 2, "stopping");
      await patchWorkspace(call, key, { running: false }, plan);
      await stopSeen(call, key, plan);
    }
    call.progress(1, 2, "starting");
    // As long as the stop is under way, the start is kept, and done after it.
    return { workspace: briefOf(await patchWorkspace(call, key, { running: true }, plan)), updated: true };
  },
});

/** Another server may not know of the stop yet: to it, the workspace would run already. */
async function stopSeen(call: ToolCall, key: ObjectKey, { preconditions }: Plan): Promise<void> {
  const end = call.now() + Math.min(SEEN_MS, WRITE_MS);
  for (;;) {
    const { spec, metadata: { uid } } = await readWorkspace(call, key);
    if (uid !== preconditions["uid"]) {
      throw new ToolError("conflict", `${doing("update", key)}: it is another workspace by now: begin anew`);
    }
    if (spec.running !== true) return;
    if (call.now() >= end) {
      throw new ToolError(
        "timeout",
        `${
          doing("update", key)
        }: it was asked to stop, and nothing is seen of that yet: start it when it is stopped`,
      );
    }
    await pause(200, undefined, { signal: call.signal });
  }
}
