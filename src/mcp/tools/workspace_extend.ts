/** Putting off the stop of a workspace. */
import { z } from "zod";
import { keyText } from "../../api/object.ts";
import type { CoderWorkspace } from "../../api/workspace.ts";
import { ToolError } from "../errors.ts";
import { changeTool, nameInput, namespaceInput } from "../tool.ts";
import {
  checkMayUpdate,
  CODER_MS,
  doing,
  openCoder,
  readPlanned,
  readWorkspace,
  telling,
} from "./workspace_access.ts";
import { briefOf, CHANGED_WORKSPACE } from "./workspace_facts.ts";

const MINUTE_MS = 60_000;

const INPUT = z.object({
  namespace: namespaceInput(),
  name: nameInput(),
  minutes: z.int().min(1).max(10_080).optional().describe("Later than now planned"),
  deadline: z.string().optional().describe("Or a time, RFC 3339"),
});

export const extendWorkspace = changeTool({
  name: "extend_workspace",
  description: "Put off the stop of a running workspace",
  toolset: "workspaces",
  input: INPUT,
  output: z.object({
    workspace: z.object(CHANGED_WORKSPACE),
    deadline: z.string(),
    updated: z.boolean(),
  }),
  idempotent: false,
  destructive: false,
  async plan(input, call) {
    const workspace = await readWorkspace(call, input);
    await checkMayUpdate(call, workspace);
    const { before, after } = deadlinesOf(workspace, input);
    const answer = { workspace: briefOf(workspace), deadline: before, updated: false };
    if (Date.parse(after) === Date.parse(before)) return { answer };
    const { metadata: { namespace = "", name = "", uid = "" }, status } = workspace;
    return {
      answer,
      plan: {
        summary: `Stop the workspace ${keyText({ namespace, name })} at ${after}, not at ${before}`,
        preconditions: { uid, build: status.latestBuildID ?? "", before, after },
      },
    };
  },
  async apply(input, call, plan) {
    const what = doing("extend", input);
    const workspace = await readPlanned(call, input, plan);
    const { before = "", after = "", uid = "" } = plan.preconditions;
    const { client, as } = await openCoder(call, workspace, "update");
    const options = { signal: call.signal, timeoutMs: CODER_MS };
    await telling(what, () => client.workspaceChanges.extend(uid, new Date(after), options));
    if (as === "operator") call.warn("In Coder it was done by the operator's user.");
    const { autoShutdown, ...brief } = briefOf(workspace);
    return {
      workspace: { ...brief, autoShutdown: autoShutdown === before ? after : autoShutdown ?? after },
      deadline: after,
      updated: true,
    };
  },
});

/** When it stops now, and when it is to stop. @throws {ToolError} where that cannot be */
function deadlinesOf(
  { metadata: { namespace = "", name = "" }, status }: CoderWorkspace,
  { minutes, deadline }: z.output<typeof INPUT>,
): { readonly before: string; readonly after: string } {
  const what = doing("extend", { namespace, name });
  const wrong = (why: string) => new ToolError("invalid", `${what}: ${why}`);
  if ((minutes === undefined) === (deadline === undefined)) throw wrong("give minutes or deadline");
  const { deadline: before, maxDeadline } = status;
  if (before === undefined) throw wrong("no stop is due: it does not run, or is not stopped by itself");
  const time = minutes === undefined ? Date.parse(deadline ?? "") : Date.parse(before) + minutes * MINUTE_MS;
  if (Number.isNaN(time)) throw wrong(`${JSON.stringify(deadline)} is no time; 2026-11-22T18:00:00Z is one`);
  if (maxDeadline !== undefined && time > Date.parse(maxDeadline)) {
    throw wrong(`it cannot be put off beyond ${maxDeadline}`);
  }
  return { before, after: `${new Date(time).toISOString().slice(0, 19)}Z` };
}
