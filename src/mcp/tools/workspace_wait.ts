/** Waiting until a workspace is in a state. */
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { CoderWorkspace } from "../../api/workspace.ts";
import { isNotFound, isTransient } from "../../kube/errors.ts";
import { ToolError } from "../errors.ts";
import { nameInput, namespaceInput, type ReadTool, readTool, type ToolCall } from "../tool.ts";
import { readWorkspace } from "./workspace_access.ts";
import { conditionOf, detailsOf, WORKSPACE_BRIEF, workspaceText } from "./workspace_facts.ts";

const STATES = ["running", "ready", "stopped", "failed", "deleted"] as const;
type State = typeof STATES[number];

const STANDARD_SECONDS = 60;
const MOST_SECONDS = 600;
/** A build that failed is told to who waits for something else only then: the next one may be about to be seen. */
const FAILED_MS = 5_000;

const INPUT = z.object({
  namespace: namespaceInput(),
  name: nameInput(),
  state: z.enum(STATES).describe("ready: agents connected"),
  timeoutSeconds: z.int().min(0).max(MOST_SECONDS).default(STANDARD_SECONDS),
});

const OUTPUT = z.object({
  reached: z.boolean(),
  waitedSeconds: z.int(),
  workspace: z.object({
    ...WORKSPACE_BRIEF,
    error: z.string().optional(),
    pending: z.string().optional(),
    agents: z.string().optional(),
  }).optional(),
});

/** Makes it. @param intervalMs between two looks; @default {1_000} */
export function waitTool(intervalMs = 1_000): ReadTool {
  return readTool({
    name: "wait_for_workspace",
    description: "Wait until a workspace is in a state, or tell how far it is",
    toolset: "workspaces",
    input: INPUT,
    output: OUTPUT,
    idempotent: true,
    read: (input, call) => wait(input, call, intervalMs),
    text: workspaceText,
  });
}

export const waitForWorkspace = waitTool();

async function wait(
  { state, timeoutSeconds, ...key }: z.output<typeof INPUT>,
  call: ToolCall,
  intervalMs: number,
): Promise<z.input<typeof OUTPUT>> {
  const start = call.now();
  const elapsed = () => call.now() - start;
  const told = (reached: boolean, workspace: CoderWorkspace | undefined) => ({
    reached,
    waitedSeconds: Math.round(elapsed() / 1_000),
    ...(workspace === undefined ? {} : { workspace: detailsOf(workspace) }),
  });
  let last: CoderWorkspace | undefined;
  let failed: { readonly build: string; readonly since: number } | undefined;
  for (;;) {
    const found = await look(call, key, last);
    if (found === "gone") {
      if (state === "deleted") return told(true, undefined);
      throw new ToolError(
        "not_found",
        `wait for CoderWorkspace ${key.namespace}/${key.name}: it is not there (any more)`,
      );
    }
    last = found;
    if (found !== undefined) {
      if (isIn(state, found)) return told(true, found);
      const build = found.status?.latestBuildID ?? "";
      failed = !isIn("failed", found)
        ? undefined
        : failed?.build === build
        ? failed
        : { build, since: elapsed() };
      if (failed !== undefined && elapsed() - failed.since >= FAILED_MS) {
        call.warn("Its latest build failed, and nothing is under way: waiting does not help.");
        return told(false, found);
      }
      call.progress(elapsed() / 1_000, timeoutSeconds, found.status?.latestBuildStatus ?? "waiting");
    }
    const left = timeoutSeconds * 1_000 - elapsed();
    if (left <= 0 || !await rest(Math.min(intervalMs, left), call.signal)) return told(false, last);
  }
}

/** What was seen last stands while nobody can say. */
async function look(
  call: ToolCall,
  key: { readonly namespace: string; readonly name: string },
  last: CoderWorkspace | undefined,
): Promise<CoderWorkspace | "gone" | undefined> {
  try {
    const found = await readWorkspace(call, key);
    // Another one of the same name is not the one that is waited for.
    return last !== undefined && found.metadata.uid !== last.metadata.uid ? "gone" : found;
  } catch (error) {
    const cause = error instanceof ToolError ? error.cause : error;
    if (isNotFound(cause)) return "gone";
    if (last !== undefined && (call.signal.aborted ? isDeadline(call.signal) : isTransient(cause))) {
      return last;
    }
    throw error;
  }
}

function isIn(state: State, workspace: CoderWorkspace): boolean {
  const status = workspace.status?.latestBuildStatus;
  switch (state) {
    case "ready":
      return conditionOf(workspace, "Ready")?.status === "True";
    case "failed":
      return (status === "failed" || status === "canceled") && !isUnderWay(workspace);
    case "stopped":
      return status === "stopped" && !isUnderWay(workspace);
    default:
      return status === state;
  }
}

/** Something that was asked for is still to be done. */
function isUnderWay(workspace: CoderWorkspace): boolean {
  return conditionOf(workspace, "Reconciling")?.status === "True";
}

/** False where the call's time is over. */
async function rest(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await pause(ms, undefined, { signal });
    return true;
  } catch (error) {
    if (isDeadline(signal)) return false;
    throw error;
  }
}

/** Ended by the clock, and not by the client. */
function isDeadline({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof DOMException && reason.name === "TimeoutError";
}
