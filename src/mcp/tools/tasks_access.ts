/** Coder Tasks as the caller. */
import { z } from "zod";
import { type CoderWorkspace, CoderWorkspaces } from "../../api/workspace.ts";
import { CoderError, isUnsupported, mayHaveHappened, type Task } from "../../coder/mod.ts";
import type { CoderSession } from "../../caller/types.ts";
import { ToolError, toolError } from "../errors.ts";
import { nameInput, namespaceInput, type ToolCall } from "../tool.ts";
import { CODER_MS, READ_MS } from "./workspace_access.ts";

/** Which Coder. */
export const CODER_INPUT = {
  namespace: namespaceInput(),
  controlPlane: z.string().optional().describe("Where a namespace has several"),
};

/** Which task. */
export const TASK_INPUT = {
  ...CODER_INPUT,
  owner: z.string().optional().describe("Default you"),
  task: nameInput().describe("Name or UUID"),
};

/** What a change answers: nothing that an agent has said. */
export const CHANGED_TASK = {
  name: z.string(),
  id: z.string(),
  owner: z.string(),
  status: z.string(),
  workspace: z.string().optional(),
};

export const TASK_BRIEF = {
  ...CHANGED_TASK,
  state: z.string().optional(),
  message: z.string().optional(),
  template: z.string().optional(),
};

export function taskBrief(task: Task): z.output<z.ZodObject<typeof TASK_BRIEF>> {
  const { state, message } = task.current_state ?? {};
  return {
    name: task.name,
    id: task.id,
    owner: task.owner_name,
    status: task.status,
    ...(state ? { state } : {}),
    ...(message ? { message } : {}),
    ...(task.template_name === "" ? {} : { template: task.template_name }),
    ...(task.workspace_name === "" ? {} : { workspace: `${task.workspace_name} (${task.workspace_status})` }),
  };
}

export type TaskVerb = "get" | "list" | "create" | "update" | "delete";

export interface Place {
  readonly namespace: string;
  readonly controlPlane?: string | undefined;
}

/** What somebody must be allowed to do to workspaces, for tasks are workspaces. */
export function needFor({ namespace }: Place, verb: TaskVerb) {
  const { group, plural } = CoderWorkspaces;
  return { verb, group, resource: plural, namespace };
}

/** @param as `caller`: with the caller's own rights in Coder alone */
export async function openTasks(
  call: ToolCall,
  place: Place,
  verb: TaskVerb,
  as?: "caller",
): Promise<CoderSession> {
  const { namespace, controlPlane } = place;
  const need = needFor(place, verb);
  if (verb !== "get" && verb !== "list") {
    const { allowed } = await call.cluster.may(need, { signal: call.signal, timeoutMs: READ_MS });
    if (!allowed) throw new ToolError("forbidden", `you may not ${verb} coderworkspaces in ${namespace}`);
  }
  const choice = { namespace, controlPlane, ...(as === undefined ? {} : { as }) };
  return await call.coders.open(choice, need, call.signal);
}

/** Options of calls to Coder. */
export const coderOptions = ({ signal }: ToolCall) => ({ signal, timeoutMs: CODER_MS });

/** Where Coder asks an agent, which may have to be connected to first, and may be at work. */
const AGENT_MS = 20_000;

export const agentOptions = ({ signal }: ToolCall) => ({ signal, timeoutMs: AGENT_MS });

/** Every failure begins with what was tried; a Coder without tasks says so. */
export async function tellingTask<R>(what: string, run: () => Promise<R>): Promise<R> {
  try {
    return await run();
  } catch (error) {
    if (isUnsupported(error)) {
      throw new ToolError("not_found", `${what}: this Coder has no tasks: they came with 2.29`, {
        cause: error,
      });
    }
    const told = toolError(error, what);
    if (!(error instanceof CoderError) || error.call.method === "GET" || !mayHaveHappened(error)) throw told;
    const words = `${told.message}. It may have been done all the same: look before you repeat it`;
    throw new ToolError(told.code, words, { cause: error });
  }
}

/**
 * The workspaces of a namespace that the caller sees, by their UUIDs. With the operator's access Coder shows all tasks: a
 * caller sees those of workspaces that they see.
 */
export async function seenWorkspaces(
  { cluster, signal }: ToolCall,
  { namespace }: Place,
  owner?: string,
): Promise<ReadonlyMap<string, CoderWorkspace>> {
  const { items } = await cluster.list(CoderWorkspaces, {
    namespace,
    signal,
    timeoutMs: READ_MS,
    ...(owner === undefined ? {} : { fieldSelector: `status.ownerName=${owner}` }),
  });
  return new Map(items.map((workspace) => [workspace.metadata.uid ?? "", workspace]));
}

export interface FoundTask {
  readonly session: CoderSession;
  readonly owner: string;
  readonly task: Task;
}

/** One task that the caller sees. @throws {ToolError} */
export async function findTask(
  call: ToolCall,
  input: Place & { readonly owner?: string | undefined; readonly task: string },
  verb: TaskVerb,
  as?: "caller",
): Promise<FoundTask> {
  const what = `${verb} task ${input.namespace}/${input.task}`;
  return await tellingTask(what, async () => {
    const session = await openTasks(call, input, verb, as);
    const owner = input.owner ?? session.user;
    if (owner === undefined) throw new ToolError("invalid", `${what}: say whose: owner`);
    const task = await session.client.tasks.find(owner, input.task, coderOptions(call));
    const isSeen = task !== undefined && (session.as === "caller" ||
      (await seenWorkspaces(call, input, task.owner_name)).has(task.workspace_id ?? ""));
    if (!isSeen) throw new ToolError("not_found", `${what}: ${owner} has no such task that you see`);
    return { session, owner: task.owner_name, task };
  });
}
