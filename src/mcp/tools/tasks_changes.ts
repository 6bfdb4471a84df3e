/** Making tasks, talking to them, deleting them. */
import { z } from "zod";
import { apiVersionOf } from "../../api/object.ts";
import { type CoderWorkspace, CoderWorkspaces } from "../../api/workspace.ts";
import { ToolError } from "../errors.ts";
import { changeTool, requiredText, type ToolCall } from "../tool.ts";
import {
  agentOptions,
  CHANGED_TASK,
  CODER_INPUT,
  coderOptions,
  findTask,
  openTasks,
  TASK_INPUT,
  taskBrief,
  tellingTask,
} from "./tasks_access.ts";
import { controlPlaneOf, findTemplate, WRITE_MS } from "./workspace_access.ts";
import { activeOf, choiceOf } from "./workspace_versions.ts";

const CREATE_INPUT = z.object({
  ...CODER_INPUT,
  template: requiredText("template").describe("<organization>.<template>"),
  input: requiredText("input", 65_536).describe("What the agent is to do"),
  version: z.string().optional().describe("Name or UUID; default the active one"),
  preset: z.string().optional().describe("Name or UUID"),
  name: z.string().optional().describe("Default Coder's choice"),
  owner: z.string().optional().describe("Default you"),
});

const TASK_OUTPUT = z.object({ task: z.object(CHANGED_TASK).optional() });

export const createTask = changeTool({
  name: "create_task",
  description: "Give an AI agent a task, in a new workspace",
  toolset: "tasks",
  input: CREATE_INPUT,
  output: TASK_OUTPUT,
  idempotent: false,
  destructive: false,
  async plan(input, call) {
    const { owner, template, versionId, presetId } = await newTask(input, call);
    await tryWorkspace(input, { owner, template, versionId, presetId }, call);
    const of = template.metadata.name ?? "";
    return {
      answer: {},
      plan: {
        summary: `Create the task ${input.name ?? "(named by Coder)"} of ${owner} from the template ${of}`,
        diff: input.input.split("\n").map((line) => `+${line}`).join("\n"),
        preconditions: { template: template.metadata.uid ?? "", version: versionId },
      },
    };
  },
  async apply(input, call, { preconditions: { version: planned = "" } }) {
    const { session, owner, presetId } = await newTask({ ...input, version: planned }, call);
    const task = await tellingTask(`create task in ${input.namespace}`, () =>
      session.client.tasks.create(
        owner,
        { versionId: planned, input: input.input, presetId, name: input.name },
        coderOptions(call),
      ));
    return { task: taskBrief(task) };
  },
});

async function newTask(input: z.output<typeof CREATE_INPUT>, call: ToolCall) {
  const what = `create task in ${input.namespace}`;
  return await tellingTask(what, async () => {
    const session = await openTasks(call, input, "create");
    const owner = input.owner ?? session.user;
    if (owner === undefined) throw new ToolError("invalid", `${what}: say for whom: owner`);
    const [, organization = ""] = input.template.split(".").toReversed();
    const template = await findTemplate(
      call,
      input.namespace,
      organization,
      ({ metadata }) =>
        (metadata.name === input.template || metadata.name?.endsWith(`.${input.template}`) === true) &&
        (input.controlPlane === undefined || controlPlaneOf({ metadata }) === input.controlPlane),
    );
    if (template === undefined) {
      throw new ToolError("not_found", `${what}: there is no template ${JSON.stringify(input.template)}`);
    }
    const { versionId = activeOf(template) ?? "", presetId } = await choiceOf(input, template, call);
    return { session, owner, template, versionId, presetId };
  });
}

/** A task is a workspace: whether the caller could make that one is found out without making anything. */
async function tryWorkspace(
  { namespace, name = "task", input, template: _ }: z.output<typeof CREATE_INPUT>,
  { owner, template, versionId, presetId }: {
    readonly owner: string;
    readonly template: { readonly metadata: { readonly name?: string } };
    readonly versionId: string;
    readonly presetId?: string | undefined;
  },
  { cluster, signal }: ToolCall,
): Promise<void> {
  const parts = (template.metadata.name ?? "").split(".");
  const workspace = {
    apiVersion: apiVersionOf(CoderWorkspaces),
    kind: CoderWorkspaces.kind,
    metadata: { namespace, name: [...parts.slice(0, -1), owner, name].join(".") },
    spec: {
      templateName: parts.at(-1),
      templateVersionID: versionId,
      ...(presetId === undefined ? {} : { presetID: presetId }),
      // Of older templates; others do not have it.
      parameters: { "AI Prompt": input },
    },
  } as unknown as CoderWorkspace;
  await tellingTask(`create task in ${namespace}`, async () => {
    await cluster.create(CoderWorkspaces, workspace, { signal, timeoutMs: WRITE_MS, dryRun: true });
  });
}

export const sendTaskInput = changeTool({
  name: "send_task_input",
  description: "Say something to a task's agent; as your own Coder user alone",
  toolset: "tasks",
  input: z.object({ ...TASK_INPUT, input: requiredText("input", 65_536) }),
  output: TASK_OUTPUT,
  idempotent: false,
  destructive: false,
  async plan(input, call) {
    // Whoever talks to an agent works in the workspace: never with the operator's rights.
    const { task, owner } = await findTask(call, input, "update", "caller");
    if (task.status !== "active") {
      throw new ToolError("conflict", `the task ${task.name} of ${owner} is ${task.status}, not active`);
    }
    return {
      answer: { task: taskBrief(task) },
      plan: {
        summary: `Say to the task ${task.name} of ${owner}`,
        diff: input.input.split("\n").map((line) => `+${line}`).join("\n"),
        preconditions: { task: task.id, workspace: task.workspace_id ?? "" },
      },
    };
  },
  async apply(input, call, { preconditions: { task: id = "" } }) {
    const { session, owner, task } = await findTask(call, { ...input, task: id }, "update", "caller");
    await tellingTask(
      `send input to task ${input.namespace}/${task.name}`,
      () => session.client.tasks.send(owner, id, input.input, agentOptions(call)),
    );
    return { task: taskBrief(task) };
  },
});

export const deleteTask = changeTool({
  name: "delete_task",
  description: "Delete a task and its workspace",
  toolset: "tasks",
  input: z.object(TASK_INPUT),
  output: TASK_OUTPUT,
  idempotent: true,
  destructive: true,
  async plan(input, call) {
    const { task, owner } = await findTask(call, input, "delete");
    const workspace = task.workspace_name === "" ? "" : ` and its workspace ${task.workspace_name}`;
    return {
      answer: { task: taskBrief(task) },
      plan: {
        summary: `Delete the task ${task.name} of ${owner}${workspace}; this cannot be undone`,
        preconditions: { task: task.id, workspace: task.workspace_id ?? "" },
      },
    };
  },
  async apply(input, call, { preconditions: { task: id = "" } }) {
    const { session, owner, task } = await findTask(call, { ...input, task: id }, "delete");
    await tellingTask(
      `delete task ${input.namespace}/${task.name}`,
      () => session.client.tasks.remove(owner, id, coderOptions(call)),
    );
    return { task: taskBrief(task) };
  },
});
