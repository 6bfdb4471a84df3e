/** Tasks: workspaces in which an AI agent works on what it was told. */
import { z } from "zod";
import type { Call, CallOptions } from "./call.ts";
import { id, listOf, nonEmpty, optionalText, realId, timestamp } from "./schema_parts.ts";
import { orUndefined } from "./users.ts";

export const taskSchema = z.object({
  id: realId,
  organization_id: realId,
  owner_id: realId,
  owner_name: nonEmpty,
  name: nonEmpty,
  display_name: optionalText,
  template_name: optionalText,
  template_version_id: id.nullish(),
  /** Of a task without a workspace, which may have been deleted by itself: absent. */
  workspace_id: id.nullish(),
  workspace_name: optionalText,
  /** As that of the latest build; empty without a workspace. */
  workspace_status: optionalText,
  initial_prompt: optionalText,
  /** `pending`, `initializing`, `active`, `paused`, `unknown`, `error`, or what may be added. */
  status: optionalText,
  /** What the agent has reported last. */
  current_state: z.object({
    timestamp,
    /** `working`, `idle`, `complete` or `failed`. */
    state: optionalText,
    message: optionalText,
    uri: optionalText,
  }).nullish(),
  created_at: timestamp,
});
export type Task = z.infer<typeof taskSchema>;

/** One message of the conversation. */
export const taskLogEntrySchema = z.object({
  id: z.int(),
  /** What was said, as a terminal shows it. */
  content: optionalText,
  /** `input` or `output`. */
  type: optionalText,
  time: timestamp.nullish(),
});
export type TaskLogEntry = z.infer<typeof taskLogEntrySchema>;

export interface NewTask {
  /** Of a template that is made for tasks. */
  versionId: string;
  /** What the agent is to do. */
  input: string;
  presetId?: string | undefined;
  /** At most 32 letters, digits and single dashes. @default {Coder's choice} */
  name?: string | undefined;
}

/** `owner` is a user's id or name or `me`, `task` an id or a name. */
export interface TaskCalls {
  /** All that match; there are no pages. @param filter such as `owner:ann status:active` */
  list(filter?: { q?: string | undefined }, options?: CallOptions): Promise<Task[]>;
  find(owner: string, task: string, options?: CallOptions): Promise<Task | undefined>;
  /** Invalid where the version is none for tasks; conflict where the name is taken. */
  create(owner: string, task: NewTask, options?: CallOptions): Promise<Task>;
  /** Says something to the agent. Invalid where the task is not active. */
  send(owner: string, task: string, input: string, options?: CallOptions): Promise<void>;
  /** The conversation. Invalid where the task is not active. */
  log(owner: string, task: string, options?: CallOptions): Promise<TaskLogEntry[]>;
  /** With its workspace, which Coder deletes in the background. */
  remove(owner: string, task: string, options?: CallOptions): Promise<void>;
}

const USER = "/api/v2/tasks/{user}";
const TASK = `${USER}/{task}`;

export function taskCalls(call: Call): TaskCalls {
  return {
    async list({ q } = {}, options) {
      const { tasks } = await call({
        method: "GET",
        route: "/api/v2/tasks",
        query: { q },
        answer: z.object({ tasks: listOf(taskSchema) }),
      }, options);
      return tasks;
    },
    find: (user, task, options) =>
      orUndefined(
        call({ method: "GET", route: TASK, parameters: { user, task }, answer: taskSchema }, options),
      ),
    create: (user, { versionId, input, presetId, name }, options) =>
      call({
        method: "POST",
        route: USER,
        parameters: { user },
        body: {
          template_version_id: versionId,
          input,
          ...(presetId === undefined ? {} : { template_version_preset_id: presetId }),
          ...(name === undefined ? {} : { name }),
        },
        answer: taskSchema,
      }, options),
    send: (user, task, input, options) =>
      call({ method: "POST", route: `${TASK}/send`, parameters: { user, task }, body: { input } }, options),
    async log(user, task, options) {
      const { logs } = await call({
        method: "GET",
        route: `${TASK}/logs`,
        parameters: { user, task },
        answer: z.object({ logs: listOf(taskLogEntrySchema) }),
      }, options);
      return logs;
    },
    remove: (user, task, options) =>
      call({ method: "DELETE", route: TASK, parameters: { user, task } }, options),
  };
}
